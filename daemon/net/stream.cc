#include "daemon/net/stream.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace ringwall::net {
namespace {

// The kernel's own bound (UIO_MAXIOV); more in one call is refused with EMSGSIZE.
constexpr size_t iovecs_max = 1024;

}  // namespace

void Stream::shut_down() {
  ::shutdown(fd(), SHUT_RDWR);
}

void Stream::end_sending() {
  ::shutdown(fd(), SHUT_WR);
}

void Stream::reset_on_close() {
  struct linger option = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &option, sizeof(option));
}

bool Stream::readable_now() const {
  pollfd one = {.fd = fd(), .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&one, 1, 0) != 0;
}

bool Stream::gone() const {
  pollfd one = {.fd = fd(), .events = 0, .revents = 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & (POLLERR | POLLHUP)) != 0;
}

void consume(std::span<iovec> pieces, size_t bytes) {
  for (iovec& piece : pieces) {
    size_t part = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<std::byte*>(piece.iov_base) + part;
    piece.iov_len -= part;
    bytes -= part;
    if (bytes == 0) return;
  }
}

io::Task<int> send_all(Stream& stream, std::span<iovec> pieces, base::Duration pause,
                       io::Stop* stop) {
  size_t at = 0;
  for (;;) {
    while (at < pieces.size() && pieces[at].iov_len == 0) ++at;
    if (at == pieces.size()) co_return 0;
    io::Until until(stream.loop().now() + pause, stop);
    auto rest = pieces.subspan(at);
    bool more = rest.size() > iovecs_max;
    io::SendPieces send = stream.send(rest.first(more ? iovecs_max : rest.size()), until, more);
    int sent = co_await send;
    if (sent <= 0) co_return sent == 0 ? -EPIPE : sent;
    consume(rest, static_cast<size_t>(sent));
  }
}

io::Task<void> linger(Stream& stream, size_t bytes_max, io::Until until) {
  stream.end_sending();
  size_t seen = 0;
  while (seen < bytes_max) {
    io::Receive receive = stream.receive(until);
    int n = co_await receive;
    if (n <= 0) co_return;
    seen += static_cast<size_t>(n);
  }
}

void set_stream_options(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

}  // namespace ringwall::net
