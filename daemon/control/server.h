// Server: the master's end of the control socket. Accepts clients, knows by the kernel's word who
// they are, reads one request after another and has a handler answer them.
//
// Bounded in clients, in the size of a message and in the time a client may be idle. Requests of
// one client are answered in order; clients do not wait for each other. One thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/protocol.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"

namespace ringwall::control {

/// One request as a handler sees it. `gone` is requested when the client has left or the server
/// ends: whoever waits for something on the client's behalf waits under it. `descriptor` is what the
/// client sent along (SCM_RIGHTS), so that files are opened with its rights and not ours; -1: none.
/// It stays open as long as the call.
struct Call {
  const MethodRow& method;
  const Request& request;
  Level level;
  std::function<void(std::string_view)> progress;
  io::Stop& gone;
  int descriptor = -1;
};

using Answer = base::Result<Json, RpcError>;

class Handler {
 public:
  virtual ~Handler() = default;
  /// `call` outlives the task. The caller's level is high enough for the method.
  virtual io::Task<Answer> answer(const Call& call) = 0;
};

/// A Unix socket at `path`, mode 0660, of `group` if one is given. A socket that a dead process
/// left there is replaced; one that is alive is an error.
base::Result<base::UniqueFd> bind_control_socket(const std::string& path,
                                                 std::optional<gid_t> group);

class Server {
 public:
  Server(io::Loop& loop, Handler& handler) : loop_(loop), handler_(handler) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Accepts from `listening`, which stays the caller's until stop_listening() or end() has ended.
  /// Members of `group` may operate.
  void begin(int listening, gid_t group);
  /// No further client; those who are there stay.
  io::Task<void> stop_listening();
  /// Lets every client go and waits for what they had asked for.
  io::Task<void> end();

 private:
  io::Task<void> accept_clients(int listening);
  io::Task<void> serve(base::UniqueFd fd);
  struct Client;
  io::Task<bool> receive(Client& client);
  io::Task<bool> serve_line(Client& client, std::string_view line);
  io::Task<void> call(int fd, const Call& call, std::string& text);
  io::Task<void> watch(int fd, io::Stop& gone, io::Stop& over);
  Level level_of(int fd) const;

  io::Loop& loop_;
  Handler& handler_;
  gid_t group_ = 0;
  unsigned clients_ = 0;
  io::Stop accept_stop_;
  io::Stop stop_;
  io::TaskGroup accepting_;
  io::TaskGroup serving_;
};

}  // namespace ringwall::control
