// Peer: the other end of a stream under test, as a small language. It is a plain blocking socket
// that the test moves step by step between turns of the loop, so that a test decides which fault
// comes when: bytes in pieces, silence, half close, close, reset.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/time.h"
#include "daemon/net/stream.h"
#include "tests/unit/io/support.h"

namespace ringwall::net {

class Peer {
 public:
  explicit Peer(base::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  void says(std::string_view text) { io::write_all(fd_.get(), text); }
  /// What has arrived, without waiting, at most `most` bytes.
  std::string takes(size_t most = 1 << 20) {
    std::string out(most, '\0');
    ssize_t n = ::recv(fd_.get(), out.data(), out.size(), MSG_DONTWAIT);
    ended_ = ended_ || n == 0;
    was_reset_ = was_reset_ || (n < 0 && errno == ECONNRESET);
    out.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return out;
  }
  /// Whether a take has met the end of the stream, or a reset.
  bool ended() const { return ended_; }
  bool was_reset() const { return was_reset_; }
  void ends_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void closes() { fd_.reset(); }
  void resets() { io::close_by_reset(fd_); }

 private:
  base::UniqueFd fd_;
  bool ended_ = false;
  bool was_reset_ = false;
};

/// A stream and its peer over a loopback connection; `buffer`: both sockets' buffers, 0: usual.
class StreamTest : public io::LoopTest {
 protected:
  explicit StreamTest(int buffer = 0) : StreamTest(io::tcp_pair(buffer)) {}

  Stream stream_;
  Peer peer_;

 private:
  explicit StreamTest(io::Pair pair)
      : stream_(loop(), std::move(pair.ours)), peer_(std::move(pair.theirs)) {}
};

}  // namespace ringwall::net
