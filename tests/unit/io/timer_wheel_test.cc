#include "daemon/io/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace ringwall::io {
namespace {

using base::Instant;
constexpr int64_t tick = int64_t{1} << 24;
constexpr int64_t turn = 512 * tick;

/// A wheel that starts at some odd moment, and how to move its time.
class Wheel {
 public:
  explicit Wheel(int64_t start = 123'456'789'012'345) : now_{start}, wheel_(now_) {}
  Instant now() const { return now_; }
  Instant next() const { return wheel_.next(); }
  void add(Timer& timer, int64_t ahead) {
    timer.deadline = Instant{now_.ns + ahead};
    wheel_.add(timer);
  }
  /// The timers that are due, in their order.
  std::vector<Timer*> move(int64_t ahead) {
    now_.ns += ahead;
    TimerList due;
    wheel_.advance(now_, due);
    std::vector<Timer*> fired;
    while (!due.empty()) fired.push_back(&due.pop_front());
    return fired;
  }

 private:
  Instant now_;
  TimerWheel wheel_;
};

TEST(TimerWheel, without_timers_it_need_not_be_looked_at) {
  Wheel wheel;
  EXPECT_TRUE(wheel.next().is_never());
  EXPECT_TRUE(wheel.move(100 * turn).empty());
  EXPECT_TRUE(wheel.next().is_never());
}

TEST(TimerWheel, fires_up_to_a_slot_late_and_never_early) {
  for (int64_t ahead : {int64_t{0}, int64_t{1}, tick - 1, tick, tick + 1, 5 * tick + 7, turn - 1,
                        turn, turn + 1, 3 * turn + 11 * tick, 100 * turn}) {
    Wheel wheel;
    Timer timer;
    wheel.add(timer, ahead);
    // Sleeping exactly to next() each time must be enough.
    for (int steps = 0; timer.linked(); ++steps) {
      ASSERT_LT(steps, 200);
      ASSERT_FALSE(wheel.next().is_never());
      ASSERT_GE(wheel.next(), wheel.now());
      bool fired = !wheel.move(wheel.next().ns - wheel.now().ns).empty();
      ASSERT_EQ(fired, !timer.linked());
      ASSERT_EQ(fired, wheel.now() >= timer.deadline && wheel.now().ns - timer.deadline.ns <= tick)
          << ahead;
    }
  }
}

TEST(TimerWheel, a_cleared_timer_does_not_fire) {
  Wheel wheel;
  Timer cleared, kept;
  wheel.add(cleared, 3 * tick);
  wheel.add(kept, 3 * tick);
  cleared.unlink();
  EXPECT_EQ(wheel.move(10 * tick), std::vector<Timer*>{&kept});
}

TEST(TimerWheel, only_cleared_timers_let_it_sleep_for_good_soon) {
  Wheel wheel;
  for (int i = 0; i < 1000; ++i) {
    Timer timer;
    wheel.add(timer, i * tick);
  }
  int wakes = 0;
  for (; !wheel.next().is_never(); ++wakes) wheel.move(wheel.next().ns - wheel.now().ns);
  EXPECT_LE(wakes, 512);
}

TEST(TimerWheel, after_a_sleep_of_many_turns_all_that_passed_is_due_at_once) {
  for (int64_t sleep : {turn - 1, turn, turn + 1, 7 * turn + 3 * tick, 1000 * turn}) {
    Wheel wheel;
    std::vector<std::unique_ptr<Timer>> timers;
    size_t passed = 0;
    for (int64_t ahead = 0; ahead < 10 * turn; ahead += 37 * tick + 12345) {
      timers.push_back(std::make_unique<Timer>());
      wheel.add(*timers.back(), ahead);
      passed += ahead + tick < sleep ? 1 : 0;
    }
    size_t fired = wheel.move(sleep).size();
    EXPECT_GE(fired, passed);
    EXPECT_LE(fired, passed + 2);  // those of the slot that is just passing
    for (const auto& timer : timers) {
      EXPECT_TRUE(timer->linked() || timer->deadline <= wheel.now());
    }
  }
}

TEST(TimerWheel, a_timer_added_again_when_it_fires_comes_again_later) {
  Wheel wheel;
  Timer timer;
  wheel.add(timer, tick);
  for (int round = 0; round < 2000; ++round) {
    auto fired = wheel.move(2 * tick);
    ASSERT_EQ(fired, std::vector<Timer*>{&timer});
    wheel.add(timer, 0);  // already passed: with the next slot, not in the one just run
    ASSERT_TRUE(wheel.move(0).empty());
  }
}

// The reference is a plain list of (timer, deadline): due when deadline + one slot has passed, not
// due before the deadline, either in between.
TEST(TimerWheel, agrees_with_a_plain_list_under_random_use) {
  std::mt19937_64 random(42);
  auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  Wheel wheel;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 300; ++i) timers.push_back(std::make_unique<Timer>());
  uint64_t fires = 0;
  for (int round = 0; round < 50'000; ++round) {
    Timer& one = *timers[static_cast<size_t>(below(300))];
    if (one.linked() && below(2) == 0) {
      one.unlink();
    } else if (!one.linked()) {
      wheel.add(one, below(10) == 0 ? below(20 * turn) : below(40 * tick));
    }
    Instant next = wheel.next();
    int64_t step = below(100) == 0 ? below(3 * turn) : below(2 * tick);
    auto fired = wheel.move(step);
    fires += fired.size();
    for (Timer* timer : fired) {
      ASSERT_LE(timer->deadline, wheel.now());
      ASSERT_LE(next, wheel.now()) << "the loop would have slept past it";
    }
    for (const auto& timer : timers) {
      ASSERT_TRUE(!timer->linked() || timer->deadline.ns + tick >= wheel.now().ns);
    }
  }
  EXPECT_GT(fires, 10'000u);
}

}  // namespace
}  // namespace ringwall::io
