// Notify: tells systemd (Type=notify) how the service stands, by datagrams to the socket that
// NOTIFY_SOCKET names. Without that variable, or when nobody listens, it does nothing.
#pragma once

#include <string>
#include <string_view>

namespace ringwall::master {

class Notify {
 public:
  /// Where to; empty: nobody. A leading '@' is an abstract socket.
  explicit Notify(std::string socket) : socket_(std::move(socket)) {}
  /// To the socket that the environment names.
  static Notify from_environment();

  void ready(std::string_view status) const;
  /// A reload begins; followed by ready().
  void reloading() const;
  void stopping(std::string_view status) const;
  void status(std::string_view status) const;
  /// Another process is the service's main one from now on.
  void main_pid(int pid) const;

 private:
  void send(std::string_view text) const;
  std::string socket_;
};

}  // namespace ringwall::master
