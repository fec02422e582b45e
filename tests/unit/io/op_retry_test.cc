// Operations that the kernel gives back as not ready (EAGAIN): polled, then tried again.
#include <fcntl.h>
#include <liburing.h>

#include <span>
#include <string>

#include "daemon/io/op.h"
#include "tests/unit/io/op_support.h"

namespace ringwall::io {
namespace {

using std::chrono::milliseconds;

class OpRetryTest : public LoopTest {
 protected:
  Pair pair_ = tcp_pair();
};

Task<void> receive_into(Loop& loop, int fd, Until until, End& end) {
  char room[16];
  ReceiveInto op(loop, fd, std::as_writable_bytes(std::span(room)), until);
  int n = co_await op;
  if (n > 0) end.bytes.assign(room, static_cast<size_t>(n));
  end.note(op);
}

/// A receive that the kernel gives back when there is nothing, as its worker threads may.
class ReceiveOrNothing final : public Op {
 public:
  ReceiveOrNothing(Loop& loop, int fd, std::span<char> room, Until until)
      : Op(loop, until), fd_(fd), room_(room) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override {
    io_uring_prep_recv(&entry, fd_, room_.data(), room_.size(), MSG_DONTWAIT);
  }
  int descriptor() const override { return fd_; }
  int fd_;
  std::span<char> room_;
};

Task<void> receive_or_nothing(Loop& loop, int fd, Until until, End& end) {
  char room[16];
  ReceiveOrNothing op(loop, fd, std::span(room), until);
  int n = co_await op;
  if (n > 0) end.bytes.assign(room, static_cast<size_t>(n));
  end.note(op);
}

void make_non_blocking(int fd) {
  ASSERT_EQ(::fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

TEST_F(OpRetryTest, one_that_the_kernel_gave_back_is_polled_and_retried_without_spinning) {
  End end;
  start(receive_or_nothing(loop(), pair_.ours.get(), forever(), end));
  for (int i = 0; i < 50; ++i) loop().turn(false);
  EXPECT_FALSE(end.over());
  EXPECT_EQ(loop().counters().blocked, 1u);
  write_all(pair_.theirs.get(), "now");
  finish();
  EXPECT_EQ(end.bytes, "now");
  EXPECT_EQ(loop().counters().blocked, 1u);
}

TEST_F(OpRetryTest, one_that_is_polled_for_ends_by_deadline_or_stop) {
  Stop stop;
  End by_deadline, by_stop;
  start(receive_or_nothing(loop(), pair_.ours.get(), Until(in(milliseconds(1))), by_deadline));
  start(receive_or_nothing(loop(), pair_.ours.get(), Until(&stop), by_stop));
  turn_until([&] { return by_deadline.over(); });
  EXPECT_EQ(by_deadline.result, -ETIME);
  EXPECT_TRUE(by_deadline.timed_out);
  stop.request();
  finish();
  EXPECT_EQ(by_stop.result, -ECANCELED);
  EXPECT_TRUE(by_stop.stopped);
}

TEST_F(OpRetryTest, one_whose_poll_won_against_the_stop_is_still_cancelled) {
  Stop stop;
  End end, next;
  start(receive_or_nothing(loop(), pair_.ours.get(), Until(&stop), end));
  turn_until([&] { return loop().counters().blocked == 1; });
  write_all(pair_.theirs.get(), "bytes");
  loop().turn(false);  // the poll is over, the operation in line for its retry
  stop.request();
  finish();
  EXPECT_TRUE(end.stopped || end.bytes == "bytes");
  EXPECT_EQ(loop().pending(), 0u);
}

TEST_F(OpRetryTest, one_in_the_line_for_a_retry_ends_without_the_kernel) {
  Stop stop;
  End end;
  start(receive_or_nothing(loop(), pair_.ours.get(), Until(&stop), end));
  turn_until([&] { return loop().counters().blocked == 1; });
  stop.request();
  finish();
  EXPECT_TRUE(end.stopped);
  EXPECT_EQ(loop().pending(), 0u);
}

TEST_F(OpRetryTest, descriptors_in_non_blocking_mode_are_waited_for_all_the_same) {
  make_non_blocking(pair_.ours.get());
  for (auto* act : {&receive, &receive_into}) {
    End end;
    start(act(loop(), pair_.ours.get(), forever(), end));
    uint64_t before = loop().counters().blocked;
    for (int i = 0; i < 50; ++i) loop().turn(false);
    EXPECT_FALSE(end.over());
    EXPECT_LE(loop().counters().blocked, before + 1);
    write_all(pair_.theirs.get(), "now");
    finish();
    EXPECT_EQ(end.bytes, "now");
  }
}

TEST_F(OpRetryTest, a_send_in_non_blocking_mode_is_waited_for_too) {
  pair_ = tcp_pair(4096);
  int fd = pair_.ours.get();
  make_non_blocking(fd);
  std::string filler(1 << 20, 'x');
  while (::send(fd, filler.data(), filler.size(), MSG_NOSIGNAL) > 0) {
  }
  End end;
  start(send(loop(), fd, "y", forever(), end));
  for (int i = 0; i < 50; ++i) loop().turn(false);
  EXPECT_FALSE(end.over());
  EXPECT_LE(loop().counters().blocked, 1u);
  std::string room(1 << 16, ' ');
  while (!end.over()) {
    ::recv(pair_.theirs.get(), room.data(), room.size(), MSG_DONTWAIT);
    loop().turn(false);
  }
  finish();
  EXPECT_EQ(end.result, 1);
}

}  // namespace
}  // namespace ringwall::io
