#include "daemon/io/op.h"

#include <string>
#include <vector>

#include "daemon/io/event.h"
#include "tests/unit/io/op_support.h"

namespace ringwall::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class OpTest : public LoopTest {
 protected:
  Pair pair_ = tcp_pair();
};

// --- deadlines ----------------------------------------------------------------------------------

TEST_F(OpTest, a_deadline_cancels_and_is_named_as_the_cause) {
  End end;
  run(receive(loop(), pair_.ours.get(), Until(in(milliseconds(1))), end));
  EXPECT_EQ(end.result, -ETIME);
  EXPECT_TRUE(end.timed_out);
  EXPECT_FALSE(end.stopped);
  EXPECT_EQ(loop().pending(), 0u);
}

TEST_F(OpTest, a_deadline_that_has_passed_starts_nothing) {
  write_all(pair_.theirs.get(), "bytes");
  End end;
  run(receive(loop(), pair_.ours.get(), Until(loop().now()), end));
  EXPECT_EQ(end.result, -ETIME);
  EXPECT_TRUE(end.timed_out);
  End next;
  run(receive(loop(), pair_.ours.get(), forever(), next));
  EXPECT_EQ(next.bytes, "bytes");
}

TEST_F(OpTest, a_completion_before_the_deadline_leaves_no_timer) {
  for (int i = 0; i < 100; ++i) {
    write_all(pair_.theirs.get(), "x");
    End end;
    run(receive(loop(), pair_.ours.get(), Until(in(milliseconds(20))), end));
    EXPECT_EQ(end.result, 1);
    EXPECT_FALSE(end.timed_out);
  }
}

// The bytes are there when the deadline fires: its cancel comes too late.
TEST_F(OpTest, timeout_against_completion_in_one_turn_the_result_counts) {
  End end;
  start(receive(loop(), pair_.ours.get(), Until(in(milliseconds(1))), end));
  loop().turn(false);
  write_all(pair_.theirs.get(), "late");
  base::Instant until = loop().now() + milliseconds(40);
  while (base::monotonic_now() < until) {
  }
  finish();  // the turn that takes the completion fires the deadline too
  EXPECT_EQ(end.result, 4);
  EXPECT_EQ(end.bytes, "late");
  EXPECT_FALSE(end.timed_out);
  EXPECT_EQ(loop().pending(), 0u);
}

// --- stops --------------------------------------------------------------------------------------

TEST_F(OpTest, a_stop_requested_before_starts_nothing) {
  Stop stop;
  stop.request();
  EXPECT_TRUE(stop.requested());
  End end;
  run(receive(loop(), pair_.ours.get(), Until(&stop), end));
  EXPECT_EQ(end.result, -ECANCELED);
  EXPECT_TRUE(end.stopped);
}

TEST_F(OpTest, a_stop_requested_during_cancels) {
  Stop stop;
  End end;
  start(receive(loop(), pair_.ours.get(), Until(in(hours(1)), &stop), end));
  loop().turn(false);
  stop.request();
  stop.request();
  finish();
  EXPECT_EQ(end.result, -ECANCELED);
  EXPECT_TRUE(end.stopped);
  EXPECT_FALSE(end.timed_out);
}

TEST_F(OpTest, a_stop_requested_before_the_kernel_has_seen_the_operation_cancels_it) {
  Stop stop;
  End end;
  start(receive(loop(), pair_.ours.get(), Until(&stop), end));
  ready_queue.run(1);  // in the submission queue, not submitted
  EXPECT_EQ(loop().pending(), 1u);
  stop.request();
  finish();
  EXPECT_EQ(end.result, -ECANCELED);
  EXPECT_TRUE(end.stopped);
}

TEST_F(OpTest, a_stop_requested_after_changes_nothing) {
  Stop stop;
  End end;
  write_all(pair_.theirs.get(), "x");
  run(receive(loop(), pair_.ours.get(), Until(&stop), end));
  stop.request();
  EXPECT_EQ(end.result, 1);
  EXPECT_FALSE(end.stopped);
}

TEST_F(OpTest, cancel_against_completion_the_completion_first) {
  Stop stop;
  End end;
  start(send(loop(), pair_.ours.get(), "first", Until(&stop), end));
  ready_queue.run(1);
  stop.request();  // stands behind the send, which is over as soon as the kernel sees it
  finish();
  EXPECT_EQ(end.result, 5);
  EXPECT_FALSE(end.stopped);
}

TEST_F(OpTest, cancel_against_completion_whichever_wins_no_byte_is_lost) {
  for (int turns = 0; turns < 3; ++turns) {
    Stop stop;
    End end, next;
    start(receive(loop(), pair_.ours.get(), Until(&stop), end));
    loop().turn(false);
    write_all(pair_.theirs.get(), "bytes");
    for (int i = 0; i < turns; ++i) loop().turn(false);
    stop.request();
    finish();
    if (end.stopped) run(receive(loop(), pair_.ours.get(), forever(), next));
    EXPECT_EQ(end.bytes + next.bytes, "bytes");
  }
}

TEST_F(OpTest, cancel_against_completion_the_cancel_first) {
  Stop stop;
  End end;
  start(receive(loop(), pair_.ours.get(), Until(&stop), end));
  loop().turn(false);
  stop.request();
  loop().turn(false);
  write_all(pair_.theirs.get(), "kept");
  finish();
  EXPECT_TRUE(end.stopped);
  End next;  // what a cancelled receive did not take is still there
  run(receive(loop(), pair_.ours.get(), forever(), next));
  EXPECT_EQ(next.bytes, "kept");
}

TEST_F(OpTest, a_stop_after_the_deadline_is_not_the_cause) {
  Stop stop;
  End end;
  start(receive(loop(), pair_.ours.get(), Until(in(milliseconds(1)), &stop), end));
  loop().turn(true);
  base::Instant until = loop().now() + milliseconds(40);
  while (base::monotonic_now() < until) {
  }
  loop().turn(false);  // the deadline has asked for the cancel
  stop.request();
  finish();
  EXPECT_TRUE(end.timed_out);
  EXPECT_FALSE(end.stopped);
}

Task<void> receive_thrice(Loop& loop, int fd, Until until, std::vector<int>& out) {
  Receive op(loop, fd, until);
  for (int i = 0; i < 3; ++i) {
    int n = co_await op;
    out.push_back(n);
  }
}

TEST_F(OpTest, one_operation_can_be_awaited_again) {
  write_all(pair_.theirs.get(), "a");
  std::vector<int> out;
  start(receive_thrice(loop(), pair_.ours.get(), Until(in(hours(1))), out));
  turn_until([&] { return out.size() == 1; });
  write_all(pair_.theirs.get(), "bc");
  turn_until([&] { return out.size() == 2; });
  pair_.theirs.reset();
  finish();
  EXPECT_EQ(out, (std::vector<int>{1, 2, 0}));
}

TEST_F(OpTest, one_stop_ends_many_operations_through_a_tiny_ring) {
  open({.sq_entries = 4, .cq_entries = 8, .posted_chunks = 4, .small_chunks_max = 4});
  Stop stop;
  std::vector<Pair> pairs;
  std::vector<End> ends(200);
  for (End& end : ends) {
    pairs.push_back(unix_pair());
    start(receive(loop(), pairs.back().ours.get(), Until(in(hours(1)), &stop), end));
  }
  loop().turn(false);
  // Some of them complete while the stop walks its list and has to make room in the queue.
  for (size_t i = 0; i < pairs.size(); i += 3) write_all(pairs[i].theirs.get(), "x");
  stop.request();
  finish();
  int stopped = 0;
  for (End& end : ends) {
    EXPECT_TRUE(end.stopped || end.result == 1) << end.result;
    stopped += end.stopped ? 1 : 0;
  }
  EXPECT_GE(stopped, 133);
  EXPECT_EQ(loop().pending(), 0u);
}

// --- software operations ------------------------------------------------------------------------

Task<void> sleep(Loop& loop, Until until, End& end) {
  Sleep op(loop, until);
  co_await op;
  end.note(op);
}

TEST_F(OpTest, a_sleep_of_nothing_ends_at_once_and_one_of_never_by_its_stop) {
  Stop stop;
  End nothing, never;
  start(sleep(loop(), Until(loop().now()), nothing));
  start(sleep(loop(), Until(&stop), never));
  loop().turn(false);
  EXPECT_EQ(nothing.result, -ETIME);
  EXPECT_TRUE(nothing.timed_out);
  for (int i = 0; i < 10; ++i) loop().turn(false);
  EXPECT_FALSE(never.over());
  stop.request();
  finish();
  EXPECT_EQ(never.result, -ECANCELED);
  EXPECT_TRUE(never.stopped);
}

TEST_F(OpTest, a_sleep_does_not_end_before_its_time) {
  for (int ms : {1, 10, 30}) {
    base::Instant until = in(milliseconds(ms));
    End end;
    run(sleep(loop(), Until(until), end));
    EXPECT_GE(loop().now(), until);
    EXPECT_GE(base::monotonic_now(), until);
  }
}

/// Over in begin(), as a TLS receive with decrypted bytes left would be.
class AtOnce final : public Op {
 public:
  AtOnce(Loop& loop, Until until) : Op(loop, until) {}
  int await_resume() const { return result_; }

 private:
  bool on_ring() const override { return false; }
  bool begin() override {
    result_ = 7;
    return false;
  }
};

Task<void> end_at_once(Loop& loop, Stop* stop, int& out) {
  AtOnce op(loop, Until(loop.now() + hours(1), stop));
  out = co_await op;
}

TEST_F(OpTest, a_software_operation_may_be_over_as_it_begins) {
  Stop stop;
  int out = 0;
  run(end_at_once(loop(), &stop, out));
  EXPECT_EQ(out, 7);
  EXPECT_EQ(loop().pending(), 0u);
}

// --- bugs ---------------------------------------------------------------------------------------

using OpDeathTest = OpTest;

Task<void> hold(Task<void>& held) {
  co_await held;
}

TEST_F(OpDeathTest, one_destroyed_while_in_flight_is_a_bug) {
  End end;
  auto held = std::make_unique<Task<void>>(receive(loop(), pair_.ours.get(), forever(), end));
  start(hold(*held));
  loop().turn(false);
  EXPECT_DEATH(held.reset(), "assertion failed");
  pair_.theirs.reset();
  finish();
}

Task<void> wait_twice(Event::Wait& wait) {
  co_await wait;
}

TEST_F(OpDeathTest, one_awaited_twice_at_a_time_is_a_bug) {
  EXPECT_DEATH(
      {
        Event event(loop());
        Event::Wait wait = event.wait(forever());
        start(wait_twice(wait));
        start(wait_twice(wait));
        ready_queue.run(2);
      },
      "assertion failed: state_ == State::idle");
}

// The assert of the operation itself, without a task around it.
TEST_F(OpDeathTest, an_operation_knows_that_it_is_pending) {
  EXPECT_DEATH(
      {
        Event event(loop());
        auto wait = std::make_unique<Event::Wait>(event, forever());
        start(wait_twice(*wait));
        ready_queue.run(1);
        wait.reset();
      },
      "assertion failed: state_ == State::idle");
}

TEST_F(OpDeathTest, a_stop_that_goes_before_its_operations_is_a_bug) {
  EXPECT_DEATH(
      {
        End end;
        auto stop = std::make_unique<Stop>();
        start(sleep(loop(), Until(stop.get()), end));
        ready_queue.run(1);
        stop.reset();
      },
      "assertion failed: ops_");
}

TEST_F(OpDeathTest, a_loop_that_goes_while_operations_pend_is_a_bug) {
  EXPECT_DEATH(
      {
        End end;
        start(receive(loop(), pair_.ours.get(), forever(), end));
        ready_queue.run(1);
        loop_.reset();
      },
      "assertion failed: pending_ == 0");
}

}  // namespace
}  // namespace ringwall::io
