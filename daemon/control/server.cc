#include "daemon/control/server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "daemon/base/address.h"
#include "daemon/base/log.h"
#include "daemon/io/operations.h"

namespace ringwall::control {
namespace {

using namespace std::chrono_literals;

constexpr unsigned clients_max = 64;
constexpr base::Duration idle_patience = 10min;
constexpr base::Duration send_patience = 30s;
constexpr base::Duration shortage_pause = 100ms;
constexpr size_t groups_max = 1024;
constexpr size_t receive_bytes = 16 * 1024;
// One is taken; what comes with it is closed.
constexpr size_t descriptors_max = 4;

/// All groups of the peer, as the kernel noted them when it connected.
std::vector<gid_t> groups_of(int fd, const ucred& peer) {
  std::vector<gid_t> groups(groups_max);
  auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) size = 0;
  groups.resize(size / sizeof(gid_t));
  groups.push_back(peer.gid);
  return groups;
}

/// Whether somebody answers at the address.
bool is_alive(const base::Address& address) {
  base::UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // EAGAIN: its backlog is full, so somebody is there.
  return connect(probe.get(), address.data(), address.size()) == 0 || errno == EAGAIN;
}

}  // namespace

base::Result<base::UniqueFd> bind_control_socket(const std::string& path,
                                                 std::optional<gid_t> group) {
  auto address = base::Address::parse("unix:" + path);
  if (!address) return base::fail(path + ": " + address.error().what);
  // /run is empty after each boot; a directory of our own there is ours to make.
  std::error_code none;
  std::filesystem::create_directory(std::filesystem::path(path).parent_path(), none);
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(base::os_failure(path, errno));
  struct stat status = {};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    if (is_alive(*address)) return base::fail(path + ": another ringwalld answers there");
    unlink(path.c_str());
  }
  // The mode from the first moment on: connecting needs the right to write.
  mode_t before = umask(0117);
  int code = bind(fd.get(), address->data(), address->size());
  int error = errno;
  umask(before);
  if (code != 0) return base::fail(base::os_failure(path, error));
  if (group && chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return base::fail(base::os_failure(path + " cannot be given to its group", errno));
  }
  if (listen(fd.get(), 64) != 0) return base::fail(base::os_failure(path, errno));
  return fd;
}

Level Server::level_of(int fd) const {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return Level::view;
  if (peer.uid == 0 || peer.uid == geteuid()) return Level::admin;
  std::vector<gid_t> groups = groups_of(fd, peer);
  bool member = std::find(groups.begin(), groups.end(), group_) != groups.end();
  return member ? Level::operate : Level::view;
}

void Server::begin(int listening, gid_t group) {
  group_ = group;
  RW_ASSERT(accepting_.spawn(accept_clients(listening)));
}

io::Task<void> Server::accept_clients(int listening) {
  while (!accept_stop_.requested()) {
    io::Accept accept(loop_, listening, io::Until(&accept_stop_));
    int fd = co_await accept;
    if (fd >= 0) {
      base::UniqueFd client(fd);
      // One too many is closed at once: a client that waits would not know why.
      if (clients_ < clients_max) serving_.spawn(serve(std::move(client)));
      continue;
    }
    if (fd == -EBADF || fd == -EINVAL) co_return;
    io::Until until(loop_.now() + shortage_pause, &accept_stop_);
    co_await io::Sleep(loop_, until);
  }
}

struct Server::Client {
  base::UniqueFd fd;
  Level level = Level::view;
  LineBuffer lines;
  base::UniqueFd sent;  // a descriptor that came with what was received last
};

namespace {

/// What recvmsg gave of descriptors; the last one is kept.
void keep_descriptor(msghdr& header, base::UniqueFd& kept) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      kept.reset(fd);
    }
  }
}

/// Appends what is there: its length, 0 at the end, or a negative errno.
ssize_t take_bytes(int fd, LineBuffer& lines, base::UniqueFd& descriptor) {
  std::array<char, receive_bytes> bytes;
  iovec piece = {bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> room = {};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = room.size();
  ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return -errno;
  keep_descriptor(header, descriptor);
  lines.append(std::string_view(bytes.data(), static_cast<size_t>(n)));
  return n;
}

}  // namespace

/// More of what the client sends; false: it is gone, idle for too long, or the server ends.
io::Task<bool> Server::receive(Client& client) {
  io::Until until(loop_.now() + idle_patience, &stop_);
  for (;;) {
    ssize_t n = take_bytes(client.fd.get(), client.lines, client.sent);
    if (n >= 0) co_return n > 0;
    if (n != -EAGAIN && n != -EINTR) co_return false;
    io::Poll poll(loop_, client.fd.get(), POLLIN, until);
    int events = co_await poll;
    if (events < 0) co_return false;
  }
}

io::Task<void> Server::serve(base::UniqueFd fd) {
  ++clients_;
  Client client;
  client.level = level_of(fd.get());
  client.fd = std::move(fd);
  bool going = true;
  while (going && !stop_.requested()) {
    auto line = client.lines.next();
    if (line) {
      if (!line->empty()) going = co_await serve_line(client, *line);
      continue;
    }
    if (client.lines.overflowed()) {
      std::string text = error_text(nullptr, RpcError(rpc_invalid_request, "the line is too long"));
      io::Until until(loop_.now() + send_patience, &stop_);
      co_await io::Send(loop_, client.fd.get(), text, until);
      break;
    }
    going = co_await receive(client);
  }
  --clients_;
}

/// Answers one request; false when the client is gone.
io::Task<bool> Server::serve_line(Client& client, std::string_view line) {
  int fd = client.fd.get();
  Level level = client.level;
  // Of this request alone.
  base::UniqueFd descriptor = std::move(client.sent);
  std::string text;
  auto request = parse_request(line);
  const MethodRow* method = request ? find_method(request->method) : nullptr;
  if (!request) {
    text = error_text(nullptr, request.error());
  } else if (method == nullptr) {
    text = error_text(request->id, RpcError(rpc_method_not_found,
                                            "there is no method \"" + request->method + "\""));
  } else if (level < method->level) {
    text = error_text(
        request->id,
        RpcError(Outcome::refused, fmt::format("{} needs the right to {}; you may {}", method->name,
                                               name_of(method->level), name_of(level))));
  } else {
    io::Stop gone;
    std::function<void(std::string_view)> progress = [&](std::string_view step) {
      if (!method->progress || request->id.is_null()) return;
      // Who does not read his progress misses some of it.
      std::string note = progress_text(request->id, step);
      [[maybe_unused]] ssize_t sent =
          ::send(fd, note.data(), note.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    };
    Call one{*method, *request, level, std::move(progress), gone, descriptor.get()};
    co_await call(fd, one, text);
  }
  descriptor.reset();
  if (request && request->id.is_null()) co_return true;  // a notification gets no reply
  // Even when the server ends: the reply to what ended it is still to come.
  io::Send send(loop_, fd, text, io::Until(loop_.now() + send_patience));
  int sent = co_await send;
  co_return sent == static_cast<int>(text.size());
}

io::Task<void> Server::call(int fd, const Call& call, std::string& text) {
  io::Stop over;
  io::TaskGroup watching;
  watching.spawn(watch(fd, call.gone, over));
  Answer answer = co_await handler_.answer(call);
  over.request();
  co_await watching.wait();
  text =
      answer ? result_text(call.request.id, *answer) : error_text(call.request.id, answer.error());
}

/// Requests `gone` when the client hangs up or the server ends, until `over`.
io::Task<void> Server::watch(int fd, io::Stop& gone, io::Stop& over) {
  // A poll can wait under one stop only: the server's end is looked for in between.
  while (!over.requested()) {
    io::Poll poll(loop_, fd, 0, io::Until(loop_.now() + 250ms, &over));
    int events = co_await poll;
    if (events > 0 || stop_.requested()) {
      gone.request();
      co_return;
    }
    if (!poll.timed_out()) co_return;
  }
}

io::Task<void> Server::stop_listening() {
  accept_stop_.request();
  co_await accepting_.wait();
}

io::Task<void> Server::end() {
  accept_stop_.request();
  stop_.request();
  co_await accepting_.wait();
  co_await serving_.wait();
}

}  // namespace ringwall::control
