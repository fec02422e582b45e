#include "daemon/master/sweeper.h"

#include <atomic>
#include <thread>

#include "tests/unit/io/support.h"

namespace ringwall::master {
namespace {

using io::Task;

class SweeperTest : public io::LoopTest {
 protected:
  void SetUp() override {
    Sweeper::Work work;
    work.pending = [this] { return pending_; };
    work.sweep = [this]() -> base::Result<cache::PurgeCount> {
      ++sweeps_;
      while (held_) std::this_thread::yield();
      if (failing_) return base::fail("no memory");
      return cache::PurgeCount{2, 100, true};
    };
    sweeper_.emplace(loop(), std::move(work));
  }

  Task<void> ask(bool& swept) { swept = co_await sweeper_->sweep(gone_); }
  /// Two askers, the second while the sweep of the first runs; then the end.
  Task<void> ask_twice(bool& first, bool& second) {
    held_ = true;
    io::TaskGroup asking;
    asking.spawn(ask(first));
    while (sweeps_ == 0) co_await io::YieldTurn();
    asking.spawn(ask(second));
    co_await io::YieldTurn();
    held_ = false;
    co_await asking.wait();
    stop_.request();
  }
  Task<void> ask_once(bool& swept) {
    co_await ask(swept);
    stop_.request();
  }
  Task<void> stop_when_swept() {
    while (sweeps_ == 0) co_await io::YieldTurn();
    pending_ = false;
    stop_.request();
  }

  std::atomic<unsigned> sweeps_{0};
  std::atomic<bool> held_{false};
  bool pending_ = false;
  bool failing_ = false;
  io::Stop stop_;
  io::Stop gone_;
  std::optional<Sweeper> sweeper_;
};

TEST_F(SweeperTest, who_asks_while_one_runs_waits_for_the_next) {
  bool first = false, second = false;
  start(sweeper_->keep(stop_));
  run(ask_twice(first, second));
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(sweeps_, 2u);
  EXPECT_EQ(sweeper_->swept().objects, 4u);
  EXPECT_EQ(sweeper_->swept().bytes, 200u);
}

TEST_F(SweeperTest, what_workers_have_purged_is_swept_unasked) {
  pending_ = true;
  start(sweeper_->keep(stop_));
  run(stop_when_swept());
  EXPECT_GE(sweeps_, 1u);
}

TEST_F(SweeperTest, a_sweep_that_fails_counts_nothing_and_ends_the_wait) {
  failing_ = true;
  bool swept = true;
  start(sweeper_->keep(stop_));
  run(ask_once(swept));
  EXPECT_FALSE(swept);
  EXPECT_EQ(sweeper_->swept().objects, 0u);
}

TEST_F(SweeperTest, nobody_waits_after_its_end_or_for_who_is_gone) {
  bool swept = true;
  gone_.request();
  run(ask(swept));
  EXPECT_FALSE(swept);
  stop_.request();
  run(sweeper_->keep(stop_));
  swept = true;
  run(ask(swept));
  EXPECT_FALSE(swept);
  EXPECT_EQ(sweeps_, 0u);
}

}  // namespace
}  // namespace ringwall::master
