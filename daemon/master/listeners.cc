#include "daemon/master/listeners.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "daemon/base/log.h"

namespace ringwall::master {
namespace {

std::string held_name(const std::string& path) {
  return path + ".closing";
}

/// A file of that name is in the way. A socket that nobody listens on was left by a process that
/// died and is removed; anything else is somebody's.
void remove_stale(const base::Address& address, const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  base::UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED) {
    unlink(path.c_str());
  }
}

void set_flag(int fd, int level, int name, bool on) {
  int value = on ? 1 : 0;
  setsockopt(fd, level, name, &value, sizeof(value));
}

base::Error bind_failure(const conf::Listener& wanted, const char* what, int error) {
  std::string text = fmt::format("listener {} ({}): {}", wanted.name, wanted.address.text(), what);
  base::Error failure = base::os_failure(text, error);
  if (error == EADDRINUSE) failure.what += "; another process or another listener has it";
  if (error == EACCES) failure.what += "; ports below 1024 want root or CAP_NET_BIND_SERVICE";
  return failure;
}

base::Result<base::UniqueFd> bind_one(const conf::Listener& wanted) {
  const base::Address& address = wanted.address;
  // Blocking by intent: on a non-blocking socket the ring gives EAGAIN instead of waiting.
  base::UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(bind_failure(wanted, "socket", errno));
  if (address.family() == AF_UNIX) {
    remove_stale(address, address.text().substr(5));
  } else {
    set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR, true);
    set_flag(fd.get(), IPPROTO_TCP, TCP_NODELAY, true);  // accepted sockets inherit it
  }
  if (address.family() == AF_INET6) set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, wanted.ipv6_only);
  if (bind(fd.get(), address.data(), address.size()) != 0) {
    return base::fail(bind_failure(wanted, "bind", errno));
  }
  if (listen(fd.get(), static_cast<int>(wanted.backlog)) != 0) {
    return base::fail(bind_failure(wanted, "listen", errno));
  }
  // As nginx and HAProxy have it: who may connect is the directory's business.
  if (address.family() == AF_UNIX) chmod(address.text().substr(5).c_str(), 0666);
  return fd;
}

}  // namespace

Listener::~Listener() {
  close();
}

void Listener::close() {
  if (!fd_) return;
  fd_.reset();
  if (left_ || configured_.family() != AF_UNIX) return;
  unlink((held_ ? held_name(path()) : path()).c_str());
}

std::string Listener::path() const {
  return configured_.text().substr(5);
}

base::Address Listener::bound() const {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (configured_.family() == AF_UNIX ||
      getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return configured_;
  }
  return base::Address(reinterpret_cast<const sockaddr*>(&address), size);
}

void Listener::set_backlog(unsigned backlog) {
  // A second listen(2) changes the backlog and nothing else.
  ::listen(fd(), static_cast<int>(backlog));
}

void Listener::hold() {
  held_ = true;
  if (configured_.family() == AF_UNIX) {
    // There are no half-open connections here: without a name nobody connects any more.
    rename(path().c_str(), held_name(path()).c_str());
    return;
  }
  // Drops segments with SYN and without ACK; a filter on a TCP socket sees the TCP header first.
  // Whoever is refused so tries again in a second and finds the socket closed, as he should.
  constexpr uint32_t flags_offset = 13;
  constexpr uint32_t syn_and_ack = 0x12;
  constexpr uint32_t syn = 0x02;
  std::array<sock_filter, 5> code = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_offset),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn_and_ack),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  sock_fprog program = {};
  program.len = code.size();
  program.filter = code.data();
  if (setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
    base::log_warning("listener {}: new connections cannot be held off; some may be reset",
                      configured_.text());
  }
}

void Listener::resume() {
  if (!held_) return;
  held_ = false;
  if (configured_.family() == AF_UNIX) {
    rename(held_name(path()).c_str(), path().c_str());
    return;
  }
  int none = 0;
  setsockopt(fd(), SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
}

base::Result<ListenerSet> bind_listeners(const std::vector<conf::Listener>& wanted,
                                         const ListenerSet& current, uint64_t& next_id,
                                         std::vector<std::string>& fixed) {
  ListenerSet left = current;
  ListenerSet set;
  for (const conf::Listener& one : wanted) {
    auto same = [&](const auto& known) { return known->configured() == one.address; };
    auto known = std::find_if(left.begin(), left.end(), same);
    if (known != left.end()) {
      if ((*known)->ipv6_only() != one.ipv6_only) {
        fixed.push_back(fmt::format("listener.ipv6_only of {}", one.name));
      }
      set.push_back(std::move(*known));
      left.erase(known);  // two listeners may have port 0: each gets a socket of its own
      continue;
    }
    auto fd = bind_one(one);
    if (!fd) return base::fail(std::move(fd.error()));
    set.push_back(
        std::make_shared<Listener>(next_id++, std::move(*fd), one.address, one.ipv6_only));
  }
  return set;
}

ListenerSet removed(const ListenerSet& before, const ListenerSet& after) {
  ListenerSet gone;
  for (const auto& listener : before) {
    if (std::find(after.begin(), after.end(), listener) == after.end()) gone.push_back(listener);
  }
  return gone;
}

}  // namespace ringwall::master
