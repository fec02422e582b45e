// A loop and a connected pair of sockets: the coroutine under test has one end, the test the other.
// The test writes before the coroutine runs or from a second task, and reads what was sent.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "daemon/io/loop.h"
#include "daemon/net/stream.h"
#include "daemon/session/input.h"

namespace ringwall::session {

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    auto loop = io::Loop::create();
    RW_ASSERT(loop.ok());
    loop_ = std::move(*loop);
    int fds[2];
    RW_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    stream_ = std::make_unique<net::Stream>(*loop_, base::UniqueFd(fds[0]));
    peer_.reset(fds[1]);
  }

  void peer_sends(std::string_view bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void peer_ends() { ::shutdown(peer_.get(), SHUT_WR); }
  /// All that was sent to the peer so far.
  std::string peer_has() {
    std::string all;
    char part[65536];
    for (;;) {
      ssize_t n = ::recv(peer_.get(), part, sizeof(part), MSG_DONTWAIT);
      if (n <= 0) return all;
      all.append(part, static_cast<size_t>(n));
    }
  }
  /// Runs the task to its end, at most five million turns.
  void run(io::Task<void> task) {
    io::TaskGroup group;
    ASSERT_TRUE(group.spawn(std::move(task)));
    for (int turn = 0; turn < 5000000 && !group.empty(); ++turn) loop_->turn(false);
    ASSERT_TRUE(group.empty());
    loop_->turn(false);
  }
  io::Until soon() { return io::Until(loop_->now() + std::chrono::seconds(20)); }
  io::Task<void> first_bytes() {
    io::Receive receive = stream_->receive(soon());
    int n = co_await receive;
    if (n > 0) input_.adopt(std::move(receive.chunk), static_cast<size_t>(n));
  }

  std::unique_ptr<io::Loop> loop_;
  std::unique_ptr<net::Stream> stream_;
  base::UniqueFd peer_;
  Input input_;
};

}  // namespace ringwall::session
