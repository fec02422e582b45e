#include "cache/lru.h"

#include <algorithm>

#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

/// Objects of which each fills a page but for its entry: sixteen fit, each new one evicts one.
class LruTest : public CacheTest {
 protected:
  static constexpr size_t size = 65'000;

  void open_with(bool literal) {
    open(1 * MiB, literal);
    worker_ = worker(0);
    while (worker_->store().counters().evictions == 0) put(std::to_string(next_++));
    first_ = oldest();
  }
  void put(const std::string& key) { ASSERT_TRUE(worker_->put(key, size)); }
  int oldest() {
    for (int i = 0; i < next_; ++i) {
      if (worker_->has(std::to_string(i))) return i;
    }
    return -1;
  }
  /// The key that one more object pushes out, as the number since the first.
  int evicted_by_one_more() {
    std::vector<int> before;
    for (int i = 0; i < next_; ++i) {
      if (worker_->has(std::to_string(i))) before.push_back(i);
    }
    put(std::to_string(next_++));
    for (const int i : before) {
      if (!worker_->has(std::to_string(i))) return i - first_;
    }
    return -1;
  }
  void use(int n) { EXPECT_TRUE(worker_->hit(std::to_string(first_ + n))); }

  std::unique_ptr<Worker> worker_;
  int next_ = 0;
  int first_ = 0;
};

TEST_F(LruTest, the_literal_order_evicts_what_was_used_longest_ago) {
  open_with(true);
  EXPECT_EQ(evicted_by_one_more(), 0);
  use(1);
  use(3);
  EXPECT_EQ(evicted_by_one_more(), 2);
  EXPECT_EQ(evicted_by_one_more(), 4);
  use(1);
  EXPECT_EQ(evicted_by_one_more(), 5);
  EXPECT_EQ(breaches(worker_->store()), "");
}

TEST_F(LruTest, the_literal_order_evicts_in_the_order_of_last_uses) {
  open_with(true);
  for (const int n : {5, 0, 3}) use(n);
  std::vector<int> order;
  while (order.empty() || order.back() != 3) {
    order.push_back(evicted_by_one_more());
    ASSERT_NE(order.back(), -1);
  }
  const std::vector<int> tail(order.end() - 3, order.end());
  EXPECT_EQ(tail, (std::vector<int>{5, 0, 3})) << "all unused ones went before the used";
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end() - 3));
}

TEST_F(LruTest, with_two_segments_what_was_used_again_outlives_what_was_not) {
  open_with(false);
  use(0);
  use(2);
  for (int i = 0; i < 30; ++i) evicted_by_one_more();
  EXPECT_TRUE(worker_->has(std::to_string(first_ + 0)));
  EXPECT_TRUE(worker_->has(std::to_string(first_ + 2)));
  EXPECT_FALSE(worker_->has(std::to_string(first_ + 1)));
  EXPECT_EQ(breaches(worker_->store()), "");
}

TEST_F(LruTest, what_is_stored_again_soon_after_its_eviction_is_protected) {
  open_with(false);
  const int victim = oldest();
  put(std::to_string(next_++));
  ASSERT_FALSE(worker_->has(std::to_string(victim)));
  put(std::to_string(victim));
  EXPECT_EQ(worker_->store().counters().returned, 1u);
  for (int i = 0; i < 30; ++i) put(std::to_string(next_++));
  EXPECT_TRUE(worker_->has(std::to_string(victim)));
  EXPECT_EQ(breaches(worker_->store()), "");
}

TEST_F(LruTest, what_is_stored_again_long_after_its_eviction_is_as_new) {
  open_with(false);
  const int victim = oldest();
  for (int i = 0; i < 60; ++i) put(std::to_string(next_++));
  put(std::to_string(victim));
  EXPECT_EQ(worker_->store().counters().returned, 0u);
  for (int i = 0; i < 30; ++i) put(std::to_string(next_++));
  EXPECT_FALSE(worker_->has(std::to_string(victim)));
}

TEST_F(LruTest, the_literal_order_remembers_nothing) {
  open_with(true);
  const int victim = oldest();
  put(std::to_string(next_++));
  put(std::to_string(victim));
  for (int i = 0; i < 30; ++i) put(std::to_string(next_++));
  EXPECT_FALSE(worker_->has(std::to_string(victim)));
  EXPECT_EQ(worker_->store().counters().returned, 0u);
}

TEST_F(LruTest, each_variant_of_a_key_returns_on_its_own) {
  open_with(false);
  const auto variant = [&](const std::string& language) {
    return worker_->put_variant("v", size, {{"language", language}});
  };
  ASSERT_TRUE(variant("en"));
  worker_->fields.clear();
  for (int i = 0; i < 20; ++i) put(std::to_string(next_++));
  ASSERT_EQ(worker_->store().counters().returned, 0u);
  ASSERT_TRUE(variant("de"));
  EXPECT_EQ(worker_->store().counters().returned, 0u) << "that one never left";
  ASSERT_TRUE(variant("en"));
  EXPECT_EQ(worker_->store().counters().returned, 1u);
}

TEST_F(LruTest, a_scan_of_one_hit_objects_does_not_flush_what_is_used) {
  open_with(false);
  for (int n = 0; n < 8; ++n) use(n);
  for (int i = 0; i < 500; ++i) put(std::to_string(next_++));
  for (int n = 0; n < 8; ++n) EXPECT_TRUE(worker_->has(std::to_string(first_ + n))) << n;
  EXPECT_EQ(breaches(worker_->store()), "");
}

TEST_F(LruTest, the_shard_tells_the_stamp_of_its_next_victim_whichever_list_that_is_in) {
  open_with(false);
  auto process = Process::attach(segment_.get(), 1, doorbells_);
  ASSERT_TRUE(process);
  Shard& shard = (*process)->shard(0);
  const auto expect_told = [&] {
    const bool over = is_over(shard.boundary.share, shard.protected_.units, shard.probation.units);
    const List& list = over ? shard.protected_ : shard.probation;
    EXPECT_EQ((*process)->tail(0).load(), (*process)->entry(list.node.previous).stamp);
    return over;
  };
  int over = 0;
  for (int round = 0; round < 30; ++round) {
    for (int n = next_ - 14; n < next_; ++n) {
      worker_->hit(std::to_string(n));
      over += expect_told();
    }
    put(std::to_string(next_++));
    expect_told();
  }
  EXPECT_GT(over, 30) << "protected was the longer one at times";
}

TEST_F(LruTest, protected_entries_leave_when_others_are_used_more) {
  open_with(false);
  use(0);
  for (int round = 0; round < 40; ++round) {
    evicted_by_one_more();
    EXPECT_TRUE(worker_->hit(std::to_string(next_ - 1)));
  }
  EXPECT_FALSE(worker_->has(std::to_string(first_ + 0)));
  EXPECT_EQ(breaches(worker_->store()), "");
}

}  // namespace
}  // namespace ringwall::cache::test
