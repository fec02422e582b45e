// Followers in other processes, woken through their eventfd.
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class FollowTest : public CacheTest {
 protected:
  /// Reads a followed fill to its end, sleeping on the doorbell of `slot` between changes.
  std::string read_to_end(Worker& worker, unsigned slot, Follow& follow) {
    std::string text;
    for (;;) {
      const Follow::State state = follow.state();
      const uint64_t available = follow.available();
      text += read_content(follow, text.size(), available - text.size());
      if (state != Follow::State::waiting && state != Follow::State::filling) return text;
      if (!follow.arm(state, available)) continue;
      EXPECT_TRUE(rung(slot));
      worker.store().acknowledge_wakeup();
    }
  }
};

TEST_F(FollowTest, other_processes_read_a_fill_while_it_arrives) {
  open();
  auto a = worker(0);
  auto fill = a->permit("k");
  const std::string content = content_of("k", 500'000);
  std::vector<pid_t> pids;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  for (unsigned slot = 1; slot < 5; ++slot) {
    pids.push_back(fork_worker([&] {
      auto own = worker(slot);
      auto follow = own->follow("k");
      ASSERT_EQ(write(ready[1], "x", 1), 1);
      ASSERT_TRUE(follow);
      EXPECT_EQ(read_to_end(*own, slot, *follow), content);
      EXPECT_EQ(follow->state(), Follow::State::complete);
    }));
  }
  for (char byte = 0; const pid_t pid : pids) {
    EXPECT_GT(pid, 0);
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
  }
  ASSERT_TRUE(fill->begin_head({}, "head", std::nullopt));
  for (size_t at = 0; at < content.size(); at += 777) {
    ASSERT_TRUE(fill->append(std::string_view(content).substr(at, 777)));
  }
  fill->finish();
  fill.reset();
  for (const pid_t pid : pids) EXPECT_EQ(wait_for(pid), 0);
  expect_nothing_lost(a->store());
}

TEST_F(FollowTest, arming_tells_whether_something_has_changed_already) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  auto follow = b->follow("k");
  EXPECT_TRUE(follow->arm(Follow::State::waiting, 0));
  ASSERT_TRUE(fill->begin_head({}, "head", 10));
  EXPECT_TRUE(rung(1));
  EXPECT_FALSE(follow->arm(Follow::State::waiting, 0)) << "the head has come";
  b->store().acknowledge_wakeup();
  EXPECT_TRUE(follow->arm(Follow::State::filling, 0));
  ASSERT_TRUE(fill->append("12345"));
  EXPECT_TRUE(rung(1));
  EXPECT_FALSE(follow->arm(Follow::State::filling, 0));
  ASSERT_TRUE(fill->append("67890"));
  EXPECT_TRUE(silent(1)) << "who did not ask is not woken";
}

TEST_F(FollowTest, a_worker_that_has_not_answered_is_rung_once) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  ASSERT_TRUE(fill->begin_head({}, "head", std::nullopt));
  auto follow = b->follow("k");
  ASSERT_TRUE(follow->arm(Follow::State::filling, 0));
  ASSERT_TRUE(fill->append("1"));
  ASSERT_TRUE(follow->arm(Follow::State::filling, 1));
  ASSERT_TRUE(fill->append("2"));
  EXPECT_TRUE(rung(1));
  EXPECT_TRUE(silent(1));
}

TEST_F(FollowTest, the_end_of_a_fill_wakes_its_followers) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  for (int end = 0; end < 3; ++end) {
    auto fill = a->permit("k");
    ASSERT_TRUE(fill->begin_head({}, "head", std::nullopt));
    auto follow = b->follow("k");
    ASSERT_TRUE(follow->arm(Follow::State::filling, 0));
    if (end == 0) fill.reset();
    if (end == 1) fill->uncacheable(0);
    if (end == 2) fill->finish();
    EXPECT_TRUE(rung(1));
    b->store().acknowledge_wakeup();
    EXPECT_FALSE(follow->arm(Follow::State::filling, 0));
  }
}

}  // namespace
}  // namespace ringwall::cache::test
