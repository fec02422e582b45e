#include "cli/client.h"

#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

namespace ringwall::cli {
namespace {

using control::Outcome;
using control::RpcError;

constexpr std::chrono::seconds send_patience(10);

/// The group of the socket, or of its directory where that already keeps us out.
std::optional<std::string> group_of(const std::string& path) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return std::nullopt;
    return group_of(path.substr(0, slash));
  }
  const group* found = ::getgrgid(facts.st_gid);
  return found != nullptr ? std::string(found->gr_name) : std::to_string(facts.st_gid);
}

RpcError connect_error(const std::string& path, int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR:
      return {Outcome::not_running,
              fmt::format("ringwalld does not run, or its control socket is not {}: there is none "
                          "(another path: --socket)",
                          path)};
    case ECONNREFUSED:
      return {Outcome::not_running,
              fmt::format("ringwalld does not run: nobody listens at {}", path)};
    case EACCES:
    case EPERM: {
      auto group = group_of(path);
      return {Outcome::refused,
              fmt::format("no permission to use {}: run this as root{}", path,
                          group ? fmt::format(" or as a member of the group \"{}\"", *group) : "")};
    }
    case EAGAIN:
      return {Outcome::timed_out, fmt::format("ringwalld takes no connection at {}", path)};
    default:
      return {Outcome::failed, base::os_failure("cannot connect to " + path, os_error).what};
  }
}

int poll_timeout(base::Duration patience) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  return patience == base::Duration() ? -1 : static_cast<int>(std::clamp<int64_t>(ms, 1, INT_MAX));
}

/// 1: ready, 0: not in time, negative: an errno value.
int wait_until_ready(int fd, short events, base::Duration patience) {
  pollfd polled = {fd, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&polled, 1, poll_timeout(patience));
  } while (ready < 0 && errno == EINTR);
  return ready < 0 ? -errno : ready;
}

/// What of `bytes` can be sent now, with a descriptor unless it is -1.
ssize_t send_some(int fd, std::string_view bytes, int descriptor) {
  iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room = {};
  if (descriptor >= 0) {
    header.msg_control = room.data();
    header.msg_controllen = room.size();
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(control), &descriptor, sizeof(int));
  }
  return ::sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

base::Result<Client, RpcError> Client::connect(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return base::fail(RpcError(Outcome::usage, fmt::format("\"{}\" is no path of a socket", path)));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail(RpcError(Outcome::failed, base::os_failure("socket", errno).what));
  // Without it a daemon that hangs with a full backlog would hold us for ever.
  timeval patience = {send_patience.count(), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return base::fail(connect_error(path, errno));
  }
  return Client(std::move(fd));
}

base::Result<void, RpcError> Client::send(std::string_view bytes, base::Duration patience,
                                          int descriptor) {
  while (!bytes.empty()) {
    if (wait_until_ready(fd_.get(), POLLOUT, patience) == 0) {
      return base::fail(RpcError(Outcome::timed_out, "the daemon takes no request"));
    }
    ssize_t sent = send_some(fd_.get(), bytes, descriptor);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent > 0) descriptor = -1;  // it goes with the first byte
    if (sent < 0) {
      return base::fail(
          RpcError(Outcome::failed, base::os_failure("cannot ask the daemon", errno).what));
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

base::Result<std::string, RpcError> Client::read_line(base::Duration silence_max) {
  while (true) {
    if (auto line = lines_.next()) return std::string(*line);
    if (lines_.overflowed()) {
      return base::fail(RpcError(Outcome::failed, "the daemon's answer is too long"));
    }
    if (wait_until_ready(fd_.get(), POLLIN, silence_max) == 0) {
      return base::fail(RpcError(Outcome::timed_out, "the daemon has not answered in time"));
    }
    std::array<char, 65536> bytes;
    ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return base::fail(RpcError(Outcome::failed, "the daemon closed the connection unanswered"));
    }
    lines_.append({bytes.data(), static_cast<size_t>(got)});
  }
}

base::Result<control::Json, RpcError> Client::call(std::string_view method,
                                                   const control::Json& params,
                                                   base::Duration silence_max,
                                                   const OnProgress& on_progress,
                                                   int descriptor) {
  const int64_t id = ++last_id_;
  auto sent = send(control::request_text(id, method, params), send_patience, descriptor);
  if (!sent) return base::fail(sent.error());
  while (true) {
    auto line = read_line(silence_max);
    if (!line) return base::fail(line.error());
    auto answer = control::parse_answer(*line);
    if (!answer) return base::fail(RpcError(Outcome::failed, answer.error().what));
    if (const auto* progress = std::get_if<control::Progress>(&*answer)) {
      on_progress(progress->text);
      continue;
    }
    auto& reply = std::get<control::Reply>(*answer);
    // An error about what could not be read as a request has no id.
    if (reply.id != id && !reply.id.is_null()) continue;
    if (auto* error = std::get_if<RpcError>(&reply.answer)) return base::fail(std::move(*error));
    return std::get<control::Json>(std::move(reply.answer));
  }
}

}  // namespace ringwall::cli
