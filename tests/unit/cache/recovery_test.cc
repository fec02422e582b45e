#include "cache/recovery.h"

#include "cache/index.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class RecoveryTest : public CacheTest {
 protected:
  /// A worker in `slot` that does `body`, then waits to be killed; returns when it has.
  template <class Body>
  pid_t victim(unsigned slot, Body body) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t pid = fork_worker([&] {
      auto own = worker(slot);
      body(*own, [&] {
        EXPECT_EQ(write(ready[1], "x", 1), 1);
        for (;;) pause();
      });
    });
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
  }
  static void end(pid_t pid) {
    kill(pid, SIGKILL);
    wait_for(pid);
  }
};

TEST_F(RecoveryTest, the_pins_of_a_killed_worker_fall) {
  open();
  Store watcher = observer();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 1000));
  ASSERT_TRUE(a->put("purged", 100'000));
  const pid_t pid = victim(1, [](Worker& own, auto wait) {
    auto one = own.hit("k");
    auto two = own.hit("purged");
    wait();
  });
  a->store().purge(by_key("purged"));
  EXPECT_EQ(watcher.usage().pinned, 2u);
  EXPECT_EQ(watcher.usage().limbo, 1u);
  EXPECT_FALSE(watcher.recover(1)) << "it lives";
  end(pid);
  EXPECT_TRUE(watcher.recover(1));
  EXPECT_TRUE(watcher.recover(1)) << "again is no harm";
  EXPECT_EQ(watcher.counters().recoveries, 1u);
  expect_at_rest(watcher);
  EXPECT_TRUE(a->proves("k", 1000));
  expect_nothing_lost(watcher);
}

TEST_F(RecoveryTest, a_follower_is_woken_and_takes_over_when_the_filler_is_killed) {
  open();
  Store watcher = observer();
  auto a = worker(0);
  const pid_t pid = victim(1, [](Worker& own, auto wait) {
    auto fill = own.permit("k");
    ASSERT_TRUE(fill->begin_head({}, "head", 100'000));
    ASSERT_TRUE(fill->append(content_of("k", 70'000)));
    wait();
  });
  auto follow = a->follow("k");
  ASSERT_TRUE(follow);
  EXPECT_EQ(follow->available(), 70'000u);
  ASSERT_TRUE(follow->arm(Follow::State::filling, 70'000));
  end(pid);
  EXPECT_TRUE(watcher.recover(1));
  EXPECT_TRUE(rung(0));
  EXPECT_EQ(follow->state(), Follow::State::abandoned);
  follow.reset();
  EXPECT_TRUE(a->put("k", 100'000));
  EXPECT_TRUE(a->proves("k", 100'000));
  expect_nothing_lost(watcher);
}

TEST_F(RecoveryTest, attaching_to_a_dead_workers_slot_recovers_it_first) {
  open();
  const pid_t pid = victim(1, [](Worker& own, auto wait) {
    auto fill = own.permit("k");
    wait();
  });
  end(pid);
  auto next = worker(1);
  EXPECT_EQ(next->store().usage().filling, 0u);
  EXPECT_TRUE(next->put("k", 10));
  expect_nothing_lost(next->store());
}

TEST_F(RecoveryTest, old_pins_of_a_slot_do_not_pin_for_its_next_worker) {
  open();
  Store watcher = observer();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 1000));
  const pid_t pid = victim(1, [](Worker& own, auto wait) {
    auto hit = own.hit("k");
    wait();
  });
  end(pid);
  ASSERT_TRUE(watcher.recover(1));
  auto next = worker(1);
  a->store().purge(by_key("k"));
  EXPECT_EQ(watcher.usage().limbo, 0u);
  EXPECT_EQ(watcher.usage().used_bytes, 0u);
}

class ObserverRecoveryTest : public RecoveryTest {
 protected:
  /// An observer that is killed when it has taken a response out and not yet freed it.
  void kill_an_observer() {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t pid = fork_worker([&] {
      auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
      const uint32_t hash = hash_key((*process)->super(), "k");
      Shard& shard = (*process)->shard((*process)->shard_index(hash));
      {
        Section section((*process)->base(), shard.lock);
        const Ref ref = (*process)->bucket((*process)->bucket_of(hash));
        take_out(**process, section, (*process)->entry(ref));
      }
      EXPECT_EQ(write(ready[1], "x", 1), 1);
      for (;;) pause();
    });
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    end(pid);
  }
  void start() {
    open();
    watcher_.emplace(observer());
    own_ = worker(0);
    ASSERT_TRUE(own_->put("k", 100'000));
    kill_an_observer();
    ASSERT_EQ(watcher_->usage().objects, 0u);
    ASSERT_GT(watcher_->usage().used_bytes, 100'000u) << "it is half freed";
  }

  std::optional<Store> watcher_;
  std::unique_ptr<Worker> own_;
};

TEST_F(ObserverRecoveryTest, whoever_recovers_a_worker_recovers_dead_observers_too) {
  start();
  EXPECT_TRUE(watcher_->recover(3)) << "a slot that nobody ever had";
  EXPECT_EQ(watcher_->usage().used_bytes, 0u);
  expect_nothing_lost(*watcher_);
}

TEST_F(ObserverRecoveryTest, the_next_observer_to_come_recovers_the_dead_ones) {
  start();
  // The first place is the watcher's, and the second the dead one's.
  Store second = observer();
  EXPECT_EQ(watcher_->usage().used_bytes, 0u);
  expect_nothing_lost(*watcher_);
}

TEST_F(ObserverRecoveryTest, the_dead_one_of_a_place_that_nobody_takes_is_recovered_as_well) {
  open();
  watcher_.emplace(observer());
  own_ = worker(0);
  ASSERT_TRUE(own_->put("k", 100'000));
  std::optional<Store> second = observer();
  kill_an_observer();  // in the third place
  ASSERT_GT(watcher_->usage().used_bytes, 100'000u);
  second.reset();
  second.emplace(observer());
  EXPECT_EQ(watcher_->usage().used_bytes, 0u);
}

TEST_F(ObserverRecoveryTest, a_living_observer_is_left_alone) {
  open();
  Store watcher = observer();
  Store other = observer();
  EXPECT_TRUE(watcher.recover(3));
  EXPECT_EQ(watcher.counters().recoveries, 0u);
}

TEST_F(RecoveryTest, while_a_stopped_process_holds_a_lock_requests_pass_by) {
  open();
  Store watcher = observer();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 1000));
  auto fill = a->permit("unfinished");
  ASSERT_TRUE(fill->begin_head({}, "head", 3));
  ASSERT_TRUE(fill->append("abc"));
  // Eight MiB of arena have one shard: whoever holds its lock holds up all keys.
  const pid_t pid = fork_worker([&] {
    auto process = Process::attach(segment_.get(), 1, doorbells_);
    Section section((*process)->base(), (*process)->shard(0).lock);
    kill(getpid(), SIGSTOP);
    for (;;) pause();
  });
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(a->busy("k"), Busy::lock);
  EXPECT_FALSE(a->store().purge(by_key("k")).complete);
  fill->finish();
  fill.reset();
  EXPECT_EQ(watcher.usage().filling, 1u) << "its end is owed";
  end(pid);
  EXPECT_TRUE(watcher.recover(1));
  EXPECT_TRUE(a->proves("k", 1000));
  EXPECT_EQ(a->hit("unfinished")->head(), "head") << "what was owed has been done";
  expect_nothing_lost(watcher);
}

}  // namespace
}  // namespace ringwall::cache::test
