#include "daemon/io/task_group.h"

#include <vector>

#include "daemon/io/event.h"
#include "tests/unit/io/support.h"

namespace ringwall::io {
namespace {

class TaskGroupTest : public LoopTest {};

Task<void> wait_for(Event& event) {
  co_await event.wait(forever());
}

Task<void> say_when_empty(TaskGroup& group, bool& said) {
  co_await group.wait();
  said = true;
}

TEST_F(TaskGroupTest, is_waited_for_until_its_last_task_has_ended) {
  Event event(loop());
  TaskGroup workers;
  bool said = false;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(workers.spawn(wait_for(event)));
  EXPECT_EQ(workers.running(), 3u);
  start(say_when_empty(workers, said));
  loop().turn(false);
  event.notify_one();
  event.notify_one();
  loop().turn(false);
  EXPECT_EQ(workers.running(), 1u);
  EXPECT_FALSE(said);
  event.notify_one();
  finish();
  EXPECT_TRUE(said);
  EXPECT_TRUE(workers.empty());
}

TEST_F(TaskGroupTest, an_empty_one_is_not_waited_for) {
  TaskGroup workers;
  bool said = false;
  run(say_when_empty(workers, said));
  EXPECT_TRUE(said);
}

struct Holds {
  explicit Holds(int* given) : count(given) { ++*count; }
  Holds(Holds&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  ~Holds() {
    if (count != nullptr) --*count;
  }
  int* count;
};

Task<void> hold_through_turns(Holds, int turns) {
  for (int i = 0; i < turns; ++i) co_await YieldTurn();
}

Task<void> look_when_empty(TaskGroup& group, const int& held, std::vector<int>& seen) {
  while (!group.empty()) co_await YieldTurn();
  seen.push_back(held);
}

// Watchers that poll before and after in the queue's order all find the frames gone.
TEST_F(TaskGroupTest, a_task_counts_until_its_frame_and_parameters_are_gone) {
  int held = 0;
  std::vector<int> seen;
  TaskGroup workers;
  start(look_when_empty(workers, held, seen));
  for (int turns = 0; turns < 4; ++turns) {
    workers.spawn(hold_through_turns(Holds(&held), turns));
    start(look_when_empty(workers, held, seen));
  }
  finish();
  EXPECT_EQ(seen, std::vector<int>(5, 0));
  EXPECT_EQ(held, 0);
}

Task<void> spawn_down(TaskGroup& group, int depth, int& ran) {
  ++ran;
  if (depth > 0) group.spawn(spawn_down(group, depth - 1, ran));
  co_return;
}

TEST_F(TaskGroupTest, its_tasks_may_spawn_into_it_while_it_is_waited_for) {
  TaskGroup workers;
  int ran = 0;
  bool said = false;
  workers.spawn(spawn_down(workers, 100, ran));
  run(say_when_empty(workers, said));
  EXPECT_EQ(ran, 101);
}

TEST_F(TaskGroupTest, a_million_spawned_tasks_leave_nothing_behind) {
  int held = 0;
  size_t before = frame_pool_bytes();
  for (int i = 0; i < 1'000'000; ++i) {
    group_.spawn(hold_through_turns(Holds(&held), 0));
    if (i % 100 == 0) loop().turn(false);
  }
  finish();
  EXPECT_EQ(held, 0);
  EXPECT_LE(frame_pool_bytes(), before + 100 * 1024);
}

using TaskGroupDeathTest = TaskGroupTest;

TEST_F(TaskGroupDeathTest, one_that_goes_while_tasks_run_is_a_bug) {
  EXPECT_DEATH(
      {
        TaskGroup gone;
        int held = 0;
        gone.spawn(hold_through_turns(Holds(&held), 3));
      },
      "assertion failed: .*running_");
}

TEST_F(TaskGroupDeathTest, a_second_waiter_is_a_bug) {
  EXPECT_DEATH(
      {
        Event event(loop());
        TaskGroup workers;
        bool said = false;
        workers.spawn(wait_for(event));
        start(say_when_empty(workers, said));
        start(say_when_empty(workers, said));
        loop().turn(false);
      },
      "assertion failed: .*waiter_");
}

}  // namespace
}  // namespace ringwall::io
