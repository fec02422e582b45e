#include "daemon/upstream/connector.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "daemon/base/limits.h"
#include "daemon/io/operations.h"
#include "daemon/net/stream.h"

namespace ringwall::upstream {

bool Connected::local() const {
  switch (os_error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return true;
    default:
      return false;
  }
}

namespace {

/// One address: 0 and `fd`, or an errno.
io::Task<int> connect_one(io::Loop& loop, const base::Address& address, io::Until until,
                          base::UniqueFd& fd) {
  // Blocking by its flags: the ring itself waits, and MSG_WAITALL works only so.
  base::UniqueFd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) co_return errno;
  net::set_stream_options(socket.get());
  io::Connect connect(loop, socket.get(), address, until);
  int ended = co_await connect;
  if (ended < 0) co_return connect.timed_out() ? ETIMEDOUT : -ended;
  fd = std::move(socket);
  co_return 0;
}

}  // namespace

io::Task<Connected> connect(io::Loop& loop, std::span<const base::Address> addresses,
                            uint32_t first, base::Duration timeout, io::Stop* stop) {
  std::array<base::Address, base::addresses_max> copies;
  size_t count = std::min(addresses.size(), copies.size());
  for (size_t i = 0; i < count; ++i) copies[i] = addresses[(first + i) % count];
  base::Instant deadline = loop.now() + timeout;
  Connected result;
  for (size_t i = 0; i < count; ++i) {
    base::Duration share = (deadline - loop.now()) / static_cast<int64_t>(count - i);
    result.address = copies[i];
    result.os_error =
        co_await connect_one(loop, copies[i], io::Until(loop.now() + share, stop), result.fd);
    if (result.os_error == 0 || result.local()) break;
    if (stop != nullptr && stop->requested()) break;
  }
  co_return result;
}

}  // namespace ringwall::upstream
