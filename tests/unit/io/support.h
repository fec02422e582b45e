// What the tests of io share: a loop with a group to run tasks in, and connected sockets.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/operations.h"
#include "daemon/io/task.h"

namespace ringwall::io {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool under_asan = true;
#else
constexpr bool under_asan = false;
#endif

/// Not before a test has long been killed for taking too long.
inline Until forever() {
  return Until();
}

class LoopTest : public testing::Test {
 protected:
  explicit LoopTest(const LoopOptions& options = {}) { open(options); }
  void open(const LoopOptions& options) {
    loop_.reset();
    auto made = Loop::create(options);
    if (!made) {
      ADD_FAILURE() << made.error().what;
      std::abort();
    }
    loop_ = std::move(*made);
  }

  Loop& loop() { return *loop_; }
  base::Instant in(base::Duration d) { return loop_->now() + d; }
  void start(Task<void> task) { ASSERT_TRUE(group_.spawn(std::move(task))); }
  /// Runs the loop until every started task has ended.
  void finish() {
    TaskGroup watch;
    watch.spawn(stop_after(*loop_, group_));
    loop_->run();
    // The watcher's own frame goes after it has stopped the loop.
    while (!watch.empty()) ready_queue.run(1);
  }
  void run(Task<void> task) {
    start(std::move(task));
    finish();
  }
  /// Turns until `condition()` holds.
  template <class F>
  void turn_until(F condition) {
    base::Instant patience = base::monotonic_now() + std::chrono::seconds(20);
    while (!condition()) {
      loop_->turn(false);
      RW_ASSERT(loop_->now() < patience);  // rather than hang
    }
  }

  /// Sleeping turns as long as `condition()` holds.
  template <class F>
  void turn_while_waiting(F condition) {
    for (;;) {
      ready_queue.run(1000);
      if (!condition()) return;
      loop_->turn(true);
    }
  }

  std::unique_ptr<Loop> loop_;
  TaskGroup group_;

 private:
  static Task<void> stop_after(Loop& loop, TaskGroup& group) {
    co_await group.wait();
    loop.stop();
  }
};

struct Pair {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

inline base::UniqueFd loopback_listener(base::Address& address, int backlog = 1024) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any = {};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
  EXPECT_EQ(::listen(fd.get(), backlog), 0);
  socklen_t size = sizeof(any);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&any), &size), 0);
  address = base::Address(reinterpret_cast<const sockaddr*>(&any), size);
  return fd;
}

/// A TCP connection over the loopback; `buffer`: both sides' socket buffers, 0: the system's.
inline Pair tcp_pair(int buffer = 0) {
  base::Address address;
  base::UniqueFd listener = loopback_listener(address);
  Pair pair;
  pair.theirs.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (int fd : {listener.get(), pair.theirs.get()}) {
    if (buffer == 0) break;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
  }
  EXPECT_EQ(::connect(pair.theirs.get(), address.data(), address.size()), 0);
  pair.ours.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_GE(pair.ours.get(), 0);
  return pair;
}

inline Pair unix_pair() {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

/// Makes the close of `fd` a reset.
inline void close_by_reset(base::UniqueFd& fd) {
  struct linger option = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &option, sizeof(option));
  fd.reset();
}

inline void write_all(int fd, std::string_view text) {
  ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

}  // namespace ringwall::io
