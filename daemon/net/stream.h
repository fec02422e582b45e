// Stream: one connected byte stream of a worker, plain TCP (or a Unix socket); the session layer
// reads and writes through it and knows nothing of sockets. TLS joins here as another kind of
// stream whose operations are software operations (io::Op) over the same descriptor.
//
// One coroutine at a time receives, one at a time sends. The stream must outlive its operations:
// whoever owns it ends them first (shut_down, a Stop or a deadline) and lets their coroutines run
// out, then destroys it. The descriptor is closed by the destructor, never earlier: operations in
// flight would keep receiving, on a number that may be somebody else's by then.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/base/address.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/operations.h"
#include "daemon/io/task.h"

namespace ringwall::net {

class Stream {
 public:
  Stream(io::Loop& loop, base::UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  io::Loop& loop() { return loop_; }
  int fd() const { return fd_.get(); }

  /// `net::Receive receive = stream.receive(until); int n = co_await receive;` n bytes are in
  /// receive.chunk; 0: the peer has ended its side; negative: errno, receive.timed_out().
  io::Receive receive(io::Until until) { return io::Receive(loop_, fd(), until); }
  io::ReceiveInto receive_into(std::span<std::byte> room, io::Until until) {
    return io::ReceiveInto(loop_, fd(), room, until);
  }
  /// All of it or less than all, see io::Send.
  io::Send send(std::string_view bytes, io::Until until, bool more = false) {
    return io::Send(loop_, fd(), bytes, until, more);
  }
  io::SendPieces send(std::span<iovec> pieces, io::Until until, bool more = false) {
    return io::SendPieces(loop_, fd(), pieces, until, more);
  }

  /// Ends both directions now: pending receives give 0, pending sends give what was sent.
  void shut_down();
  /// Ends our side; the peer reads to the end and sees it.
  void end_sending();
  /// Makes the close a reset, so that the peer cannot take a cut response for a complete one.
  void reset_on_close();
  /// True when the peer has closed or sent bytes that nobody asked for; no waiting. For kept
  /// connections before they are used again.
  bool readable_now() const;
  /// True when the peer has reset the connection, or both sides are ended; no waiting.
  bool gone() const;

 private:
  io::Loop& loop_;
  base::UniqueFd fd_;
};

/// Sends `pieces` in full, however often a slow peer takes only part before `pause` has passed:
/// each period of `pause` must bring some progress. Consumes `pieces` (they are changed).
/// Gives 0, or the negative errno (-ETIME: no progress within `pause`).
io::Task<int> send_all(Stream& stream, std::span<iovec> pieces, base::Duration pause,
                       io::Stop* stop);

/// Takes the first `bytes` out of `pieces`, which become shorter or empty.
void consume(std::span<iovec> pieces, size_t bytes);

/// Ends our side and reads away what the peer still sends, at most `bytes_max` and until `until`,
/// so that unread bytes do not turn the close into a reset that destroys our last response.
io::Task<void> linger(Stream& stream, size_t bytes_max, io::Until until);

/// A connected stream socket's usual options (TCP_NODELAY; keepalive). Errors are of no
/// consequence.
void set_stream_options(int fd);

}  // namespace ringwall::net
