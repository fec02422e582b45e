#include "daemon/io/loop.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <string>
#include <vector>

#include "daemon/io/event.h"
#include "tests/unit/io/support.h"

namespace ringwall::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class LoopBehaviour : public LoopTest {};

Task<void> receive_one(Loop& loop, int fd, std::vector<int>& out) {
  Receive op(loop, fd, forever());
  int n = co_await op;
  out.push_back(n);
}

Task<void> sleep_in(Loop& loop, base::Duration d, int& ended) {
  co_await Sleep(loop, Until(loop.now() + d));
  ++ended;
}

// --- turns --------------------------------------------------------------------------------------

Task<void> stop_loop(Loop& loop) {
  loop.stop();
  co_return;
}

TEST_F(LoopBehaviour, runs_until_it_is_stopped_and_again) {
  for (int i = 0; i < 3; ++i) {
    start(stop_loop(loop()));
    loop().run();
  }
  loop().stop();
  loop().run();  // a stop before the run is not lost
}

TEST_F(LoopBehaviour, an_idle_loop_sleeps_in_one_system_call) {
  int ended = 0;
  start(sleep_in(loop(), milliseconds(100), ended));
  uint64_t before = loop().counters().enters;
  finish();
  EXPECT_EQ(ended, 1);
  EXPECT_LE(loop().counters().enters, before + 3);
}

Task<void> sleep_under(Loop& loop, base::Duration d, Stop& stop) {
  co_await Sleep(loop, Until(loop.now() + d, &stop));
}

TEST_F(LoopBehaviour, deadlines_far_away_do_not_wake_it_often) {
  Stop stop;
  for (int i = 0; i < 500; ++i) start(sleep_under(loop(), hours(1) + i * milliseconds(17), stop));
  loop().turn(false);
  uint64_t before = loop().counters().enters;
  int soon = 0;
  start(sleep_in(loop(), milliseconds(300), soon));
  turn_while_waiting([&] { return soon == 0; });
  // One look at each slot of the wheel that has passed: 300 ms are 18 slots.
  EXPECT_LE(loop().counters().enters, before + 25);
  stop.request();
  finish();
}

Task<void> yield_forever(bool& done) {
  while (!done) co_await YieldTurn();
}

TEST_F(LoopBehaviour, a_task_that_is_always_ready_does_not_keep_the_ring_waiting) {
  Pair pair = tcp_pair();
  std::vector<int> out;
  bool done = false;
  start(yield_forever(done));
  start(receive_one(loop(), pair.ours.get(), out));
  loop().turn(true);
  write_all(pair.theirs.get(), "x");
  turn_until([&] { return !out.empty(); });
  done = true;
  finish();
}

TEST_F(LoopBehaviour, the_clocks_move_with_the_turns) {
  base::Instant before = loop().now();
  int64_t wall = loop().wall_ns();
  loop().turn(false);
  EXPECT_GT(loop().now(), before);
  EXPECT_GE(loop().wall_ns(), wall);
  EXPECT_EQ(loop().wall_seconds(), loop().wall_ns() / 1'000'000'000);
}

// --- a full ring --------------------------------------------------------------------------------

class SmallRing : public LoopTest {
 protected:
  SmallRing()
      : LoopTest({.sq_entries = 4, .cq_entries = 8, .posted_chunks = 4, .small_chunks_max = 64}) {}
};

TEST_F(SmallRing, takes_far_more_operations_than_it_has_entries) {
  std::vector<Pair> pairs;
  std::vector<int> out;
  for (int i = 0; i < 300; ++i) {
    pairs.push_back(unix_pair());
    start(receive_one(loop(), pairs.back().ours.get(), out));
  }
  loop().turn(false);
  EXPECT_EQ(loop().pending(), 300u);
  // 300 completions at once into 8 places: the kernel keeps back what does not fit.
  for (Pair& pair : pairs) pair.theirs.reset();
  finish();
  EXPECT_EQ(out, std::vector<int>(300, 0));
  EXPECT_EQ(loop().pending(), 0u);
}

Task<void> poll_one(Loop& loop, int fd, int& count) {
  int events = co_await Poll(loop, fd, POLLIN, forever());
  count += (events & POLLIN) != 0 ? 1 : 0;
}

TEST_F(SmallRing, loses_no_completion_when_its_queue_overflows) {
  base::UniqueFd bell(::eventfd(0, EFD_CLOEXEC));
  int count = 0;
  for (int i = 0; i < 1000; ++i) start(poll_one(loop(), bell.get(), count));
  loop().turn(false);
  ::eventfd_write(bell.get(), 1);
  finish();
  EXPECT_EQ(count, 1000);
  EXPECT_GT(loop().counters().overflows, 0u);
}

// --- chunks -------------------------------------------------------------------------------------

TEST_F(SmallRing, an_idle_receive_holds_no_chunk) {
  std::vector<Pair> pairs;
  std::vector<int> out;
  for (int i = 0; i < 50; ++i) {
    pairs.push_back(tcp_pair());
    start(receive_one(loop(), pairs.back().ours.get(), out));
  }
  loop().turn(false);
  EXPECT_EQ(loop().small_chunks().in_use(), 4u) << "those that are posted";
  for (Pair& pair : pairs) pair.theirs.reset();
  finish();
  loop().turn(false);
  EXPECT_EQ(loop().small_chunks().in_use(), 4u);
  EXPECT_EQ(loop().counters().starved, 0u) << "the end of a stream is told without a chunk free";
}

Task<void> keep_first(Loop& loop, int fd, Event& release, int& served) {
  Receive op(loop, fd, forever());
  int n = co_await op;
  EXPECT_EQ(n, 1);
  EXPECT_EQ(op.chunk.chars()[0], 'x');
  co_await release.wait(forever());
  ++served;
}

TEST_F(SmallRing, a_chunk_that_was_taken_belongs_to_its_taker_and_its_place_is_posted_anew) {
  Event release(loop());
  std::vector<Pair> pairs;
  int served = 0;
  for (int i = 0; i < 40; ++i) {
    pairs.push_back(tcp_pair());
    start(keep_first(loop(), pairs.back().ours.get(), release, served));
    write_all(pairs.back().theirs.get(), "x");
  }
  turn_until([&] { return loop().small_chunks().in_use() == 44; });
  release.notify_all();
  finish();
  EXPECT_EQ(served, 40);
  EXPECT_EQ(loop().small_chunks().in_use(), 4u);
}

class FewChunks : public LoopTest {
 protected:
  FewChunks() : LoopTest({.posted_chunks = 4, .small_chunks_max = 4}) {}
};

Task<void> answer_one(Loop& loop, int fd, int& served) {
  Receive op(loop, fd, forever());
  int n = co_await op;
  EXPECT_EQ(n, 1);
  ++served;
}

TEST_F(FewChunks, a_hundred_connections_share_four_and_all_are_served) {
  std::vector<Pair> pairs;
  int served = 0;
  for (int i = 0; i < 100; ++i) {
    pairs.push_back(tcp_pair());
    write_all(pairs.back().theirs.get(), "x");
    start(answer_one(loop(), pairs.back().ours.get(), served));
  }
  finish();
  EXPECT_EQ(served, 100);
  EXPECT_GT(loop().counters().starved, 0u);
  // At least one is served a turn; a spinning line would need thousands of turns.
  EXPECT_LE(loop().counters().enters, 200u);
}

TEST_F(FewChunks, while_all_are_kept_the_others_wait_without_spinning) {
  Event release(loop());
  std::vector<Pair> pairs;
  int served = 0;
  for (int i = 0; i < 100; ++i) {
    pairs.push_back(tcp_pair());
    write_all(pairs.back().theirs.get(), "x");
    start(keep_first(loop(), pairs.back().ours.get(), release, served));
  }
  turn_until([&] { return loop().counters().starved >= 96; });
  uint64_t starved = loop().counters().starved;
  for (int i = 0; i < 100; ++i) loop().turn(false);
  EXPECT_LE(loop().counters().starved, starved + 4);
  // A sleeping neighbour must be able to sleep: the line does not keep the loop awake.
  uint64_t before = loop().counters().enters;
  int ended = 0;
  start(sleep_in(loop(), milliseconds(100), ended));
  turn_while_waiting([&] { return ended == 0; });
  EXPECT_LE(loop().counters().enters, before + 5);
  while (served < 100) {
    release.notify_one();
    loop().turn(false);
  }
  finish();
}

Task<void> receive_until(Loop& loop, int fd, Until until, bool& timed_out, bool& stopped) {
  Receive op(loop, fd, until);
  co_await op;
  timed_out = op.timed_out();
  stopped = op.stopped();
}

TEST_F(FewChunks, one_that_waits_in_line_ends_by_deadline_or_stop) {
  Event release(loop());
  std::vector<Pair> pairs;
  int served = 0;
  for (int i = 0; i < 6; ++i) {
    pairs.push_back(tcp_pair());
    write_all(pairs.back().theirs.get(), "x");
  }
  for (size_t i = 0; i < 4; ++i) start(keep_first(loop(), pairs[i].ours.get(), release, served));
  turn_until([&] { return loop().small_chunks().in_use() == 4; });
  loop().turn(false);
  Stop stop;
  bool timed_out = false, stopped = false, unused = false;
  Until soon(in(milliseconds(1)));
  start(receive_until(loop(), pairs[4].ours.get(), soon, timed_out, unused));
  start(receive_until(loop(), pairs[5].ours.get(), Until(&stop), unused, stopped));
  turn_until([&] { return timed_out; });
  stop.request();
  turn_until([&] { return stopped; });
  EXPECT_EQ(loop().pending(), 4u);
  release.notify_all();
  finish();
}

}  // namespace
}  // namespace ringwall::io
