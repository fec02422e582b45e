#include "daemon/control/link.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/base/limits.h"
#include "daemon/base/wire.h"
#include "daemon/io/operations.h"

namespace ringwall::control {
namespace {

// Goes up whenever a verb or the form of a message changes its meaning.
constexpr uint64_t link_version = 1;
// Bundle or logs, and all listeners or the pidfds of a generation's workers; the kernel takes 253.
constexpr size_t descriptors_max = 2 + base::workers_max;
static_assert(base::listeners_max <= base::workers_max);
static_assert(descriptors_max <= 253);
constexpr size_t message_bytes_max = 64 * 1024;
static_assert(message_text_max < message_bytes_max);

}  // namespace

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::ready:
      return "ready";
    case Verb::prepared:
      return "prepared";
    case Verb::committed:
      return "committed";
    case Verb::closed:
      return "closed";
    case Verb::drained:
      return "drained";
    case Verb::checked:
      return "checked";
    case Verb::alive:
      return "alive";
    case Verb::prepare:
      return "prepare";
    case Verb::commit:
      return "commit";
    case Verb::abort:
      return "abort";
    case Verb::drain:
      return "drain";
    case Verb::stop:
      return "stop";
    case Verb::settled:
      return "settled";
    case Verb::look:
      return "look";
    case Verb::reopen_logs:
      return "reopen_logs";
    case Verb::taken_over:
      return "taken_over";
    case Verb::failed:
      return "failed";
    case Verb::handover:
      return "handover";
    case Verb::warm:
      return "warm";
    case Verb::warmed:
      return "warmed";
  }
  return "?";
}

std::string encode(const Message& message) {
  base::Writer out;
  out.number(link_version);
  out.number(static_cast<uint64_t>(message.verb));
  out.number(message.generation);
  out.number(message.number);
  out.string(message.text);
  out.number(message.numbers.size());
  for (uint64_t number : message.numbers) out.number(number);
  return out.take();
}

std::optional<Message> decode(std::string_view bytes) {
  base::Reader in(bytes);
  if (in.number() != link_version) return std::nullopt;
  Message message;
  message.verb = static_cast<Verb>(in.number());
  message.generation = in.number();
  message.number = in.number();
  message.text = in.string();
  for (uint64_t left = in.count(); left > 0 && !in.damaged(); --left) {
    message.numbers.push_back(in.number());
  }
  if (!in.complete() || name_of(message.verb) == "?") return std::nullopt;
  return message;
}

base::Result<LinkEnds> make_link() {
  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::fail(base::os_failure("no link for a child", errno));
  }
  LinkEnds link;
  link.ours.reset(ends[0]);
  link.theirs.reset(ends[1]);
  return link;
}

base::Status Link::send(const Message& message, const std::vector<int>& descriptors) {
  RW_ASSERT(descriptors.size() <= descriptors_max);
  std::string bytes = encode(message);
  RW_ASSERT(bytes.size() <= message_bytes_max);
  iovec piece = {bytes.data(), bytes.size()};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> room = {};
  if (!descriptors.empty()) {
    header.msg_control = room.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(control), descriptors.data(), descriptors.size() * sizeof(int));
  }
  if (sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    return base::fail(base::os_failure(std::string(name_of(message.verb)) + " not sent", errno));
  }
  return {};
}

/// A message, nothing when there is none yet, or the link's end as an error.
base::Result<std::optional<Message>> Link::take() {
  std::string bytes(message_bytes_max, '\0');
  iovec piece = {bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> room = {};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = room.size();
  ssize_t n = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::optional<Message>();
  if (n < 0) return base::fail(base::os_failure("link", errno));
  std::vector<base::UniqueFd> descriptors;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      descriptors.emplace_back(fd);
    }
  }
  if (n == 0) return base::fail("the other side of the link is gone");
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return base::fail("a message is cut");
  auto message = decode(std::string_view(bytes).substr(0, static_cast<size_t>(n)));
  if (!message) return base::fail("the other side of the link is of another release");
  message->descriptors = std::move(descriptors);
  return std::optional<Message>(std::move(*message));
}

io::Task<base::Result<Message>> Link::receive(io::Until until) {
  for (;;) {
    auto taken = take();
    if (!taken) co_return base::fail(std::move(taken.error()));
    if (taken->has_value()) co_return std::move(**taken);
    io::Poll poll(loop_, fd_.get(), POLLIN, until);
    int events = co_await poll;
    if (events < 0) co_return base::fail(base::os_failure("link", -events));
  }
}

void Link::shut_down() {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace ringwall::control
