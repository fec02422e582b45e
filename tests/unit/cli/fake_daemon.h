// FakeDaemon: answers on a Unix socket in a directory of its own what the test has told it to, and
// remembers what it was asked. A thread; ends with the object.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "daemon/control/protocol.h"

namespace ringwall::cli {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char pattern[] = "/tmp/ringwall-cli-XXXXXX";
    path_ = ::mkdtemp(pattern);
  }
  ~TemporaryDirectory() {
    std::string command = "rm -rf '" + path_ + "'";
    if (std::system(command.c_str()) != 0) std::abort();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class FakeDaemon {
 public:
  /// The bytes to answer a request with; none: the connection is closed.
  using Answer = std::function<std::string(const control::Request& request)>;

  explicit FakeDaemon(Answer answer) : answer_(std::move(answer)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket().data(), socket().size());
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ended_.reset(::eventfd(0, EFD_CLOEXEC));
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_.get(), 8) != 0) {
      std::abort();
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    ::eventfd_write(ended_.get(), 1);
    thread_.join();
  }

  std::string socket() const { return directory_.path() + "/control.sock"; }
  const std::string& directory() const { return directory_.path(); }
  std::vector<control::Request> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  /// False: the test ends.
  bool readable(int fd) {
    pollfd polled[] = {{fd, POLLIN, 0}, {ended_.get(), POLLIN, 0}};
    ::poll(polled, 2, -1);
    return polled[1].revents == 0;
  }
  void serve() {
    while (readable(listener_.get())) {
      base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) converse(peer.get());
    }
  }
  void converse(int peer) {
    control::LineBuffer lines;
    while (readable(peer)) {
      char bytes[4096];
      ssize_t got = ::recv(peer, bytes, sizeof(bytes), 0);
      if (got <= 0) return;
      lines.append({bytes, static_cast<size_t>(got)});
      while (auto line = lines.next()) {
        auto request = control::parse_request(*line);
        if (!request) return;
        {
          std::lock_guard lock(mutex_);
          asked_.push_back(*request);
        }
        std::string reply = answer_(*request);
        if (reply.empty()) return;
        ::send(peer, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }

  TemporaryDirectory directory_;
  Answer answer_;
  base::UniqueFd listener_;
  base::UniqueFd ended_;
  std::mutex mutex_;
  std::vector<control::Request> asked_;
  std::thread thread_;
};

}  // namespace ringwall::cli
