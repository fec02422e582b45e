#include "cache/lru.h"

#include <algorithm>

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
