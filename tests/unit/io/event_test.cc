#include "daemon/io/event.h"

#include <string>
#include <vector>

#include "tests/unit/io/support.h"

namespace ringwall::io {
namespace {

using std::chrono::milliseconds;

class EventTest : public LoopTest {
 protected:
  Event event_{loop()};
  std::vector<std::string> out_;
};

Task<void> wait_for(Event& event, Until until, std::string name, std::vector<std::string>& out) {
  Event::Wait wait = event.wait(until);
  int ended = co_await wait;
  if (wait.timed_out()) name += " timed out";
  if (wait.stopped()) name += " stopped";
  out.push_back(name + " " + std::to_string(ended));
}

TEST_F(EventTest, wakes_in_the_order_of_waiting) {
  for (const char* name : {"a", "b", "c"}) start(wait_for(event_, forever(), name, out_));
  loop().turn(false);
  EXPECT_TRUE(event_.notify_one());
  EXPECT_TRUE(out_.empty()) << "woken through the queue, not in place";
  event_.notify_all();
  EXPECT_FALSE(event_.has_waiters());
  finish();
  EXPECT_EQ(out_, (std::vector<std::string>{"a 0", "b 0", "c 0"}));
}

TEST_F(EventTest, a_notification_before_the_wait_is_not_remembered) {
  EXPECT_FALSE(event_.notify_one());
  event_.notify_all();
  start(wait_for(event_, forever(), "a", out_));
  loop().turn(false);
  EXPECT_TRUE(event_.has_waiters());
  event_.notify_all();
  finish();
  EXPECT_EQ(out_, std::vector<std::string>{"a 0"});
}

TEST_F(EventTest, a_deadline_ends_the_wait_and_takes_it_out_of_the_line) {
  start(wait_for(event_, Until(in(milliseconds(1))), "a", out_));
  start(wait_for(event_, forever(), "b", out_));
  turn_until([&] { return !out_.empty(); });
  EXPECT_EQ(out_, (std::vector<std::string>{"a timed out " + std::to_string(-ETIME)}));
  EXPECT_TRUE(event_.notify_one());
  finish();
  EXPECT_EQ(out_.back(), "b 0");
}

TEST_F(EventTest, a_deadline_that_has_passed_does_not_wait_at_all) {
  run(wait_for(event_, Until(loop().now()), "a", out_));
  EXPECT_EQ(out_, (std::vector<std::string>{"a timed out " + std::to_string(-ETIME)}));
}

TEST_F(EventTest, a_stop_ends_all_waits_under_it_and_those_to_come) {
  Stop stop;
  start(wait_for(event_, Until(&stop), "a", out_));
  start(wait_for(event_, Until(&stop), "b", out_));
  start(wait_for(event_, forever(), "c", out_));
  loop().turn(false);
  stop.request();
  start(wait_for(event_, Until(&stop), "d", out_));
  turn_until([&] { return out_.size() == 3; });
  std::string ended = " stopped " + std::to_string(-ECANCELED);
  EXPECT_EQ(out_, (std::vector<std::string>{"a" + ended, "b" + ended, "d" + ended}));
  event_.notify_all();
  finish();
}

TEST_F(EventTest, whichever_comes_first_counts_notification_or_stop) {
  Stop stop;
  start(wait_for(event_, Until(&stop), "notified", out_));
  start(wait_for(event_, Until(&stop), "x", out_));
  loop().turn(false);
  event_.notify_one();
  stop.request();
  EXPECT_FALSE(event_.notify_one());
  finish();
  EXPECT_EQ(out_[0], "notified 0");
  EXPECT_EQ(out_[1], "x stopped " + std::to_string(-ECANCELED));
}

using EventDeathTest = EventTest;

TEST_F(EventDeathTest, one_that_goes_while_somebody_waits_is_a_bug) {
  EXPECT_DEATH(
      {
        Event gone(loop());
        start(wait_for(gone, forever(), "a", out_));
        ready_queue.run(1);
      },
      "assertion failed: .*waiters_");
}

}  // namespace
}  // namespace ringwall::io
