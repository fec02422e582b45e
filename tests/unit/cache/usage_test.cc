#include "cache/usage.h"

#include "cache/index.h"
#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

/// A full cache whose oldest response is "0", and a look into its memory.
class UsageTest : public CacheTest {
 protected:
  static constexpr size_t size = 65'000;
  static constexpr uint64_t second = 1'000'000'000;

  void fill(bool literal) {
    open(1 * MiB, literal);
    worker_ = worker(0);
    auto process = Process::attach(segment_.get(), 1, doorbells_);
    ASSERT_TRUE(process);
    process_ = std::move(*process);
    for (; next_ < 15; ++next_) ASSERT_TRUE(worker_->put(std::to_string(next_), size));
    ASSERT_EQ(counters().evictions, 0u);
  }
  Entry& entry(const std::string& key) {
    const uint32_t hash = hash_key(process_->super(), key);
    return process_->entry(
        find_in_chain(*process_, process_->bucket(process_->bucket_of(hash)), hash, key));
  }
  void evict_one() {
    const uint64_t before = counters().evictions;
    while (counters().evictions == before) {
      ASSERT_TRUE(worker_->put(std::to_string(next_++), size));
    }
    ASSERT_EQ(counters().evictions, before + 1);
  }
  Counters counters() { return worker_->store().counters(); }

  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Process> process_;
  int next_ = 0;
};

TEST_F(UsageTest, counts_how_long_what_is_evicted_was_idle_and_stored) {
  fill(true);
  const auto wall_s = static_cast<uint32_t>(base::wall_now_ns() / 1'000'000'000);
  entry("0").stamp -= 90 * second;
  entry("0").facts.response_time_s = wall_s - 7200;
  evict_one();
  EXPECT_FALSE(worker_->has("0"));
  const Counters counted = counters();
  EXPECT_EQ(counted.evicted_idle, (std::array<uint64_t, 9>{0, 0, 0, 1}));
  EXPECT_EQ(counted.evicted_responses(), 1u);
  EXPECT_GE(counted.evicted_idle_ms, 90'000u);
  EXPECT_LT(counted.evicted_idle_ms, 150'000u);
  EXPECT_GE(counted.evicted_stored_s, 7200u);
  EXPECT_LT(counted.evicted_stored_s, 7260u);
}

TEST_F(UsageTest, the_longest_idle_times_have_a_count_of_their_own) {
  fill(true);
  entry("0").stamp = 0;  // since the machine started, and that may be any time ago
  const uint64_t up_s = static_cast<uint64_t>(base::monotonic_now().ns) / second;
  evict_one();
  const Counters counted = counters();
  size_t expected = 0;
  while (expected < idle_bounds_s.size() && up_s >= idle_bounds_s[expected]) ++expected;
  EXPECT_EQ(counted.evicted_idle[expected], 1u) << up_s;
}

TEST_F(UsageTest, what_was_used_since_it_was_looked_at_is_not_idle) {
  fill(true);
  entry("0").stamp += 3600 * second;
  entry("0").facts.response_time_s = ~uint32_t{0};
  evict_one();
  EXPECT_EQ(counters().evicted_idle[0], 1u);
  EXPECT_EQ(counters().evicted_idle_ms, 0u);
  EXPECT_EQ(counters().evicted_stored_s, 0u);
}

TEST_F(UsageTest, counts_what_was_evicted_and_never_used) {
  fill(true);
  EXPECT_TRUE(worker_->hit("0"));
  EXPECT_TRUE(worker_->hit("2"));
  for (int i = 0; i < 20; ++i) evict_one();
  EXPECT_EQ(counters().evicted_responses(), 20u);
  EXPECT_EQ(counters().evicted_unused, 18u);
}

TEST_F(UsageTest, markers_have_no_age) {
  fill(true);
  worker_->permit("marked")->uncacheable(600);
  for (int i = 0; i < 40; ++i) worker_->put(std::to_string(next_++), size);
  ASSERT_EQ(worker_->store().usage().markers, 0u);
  EXPECT_EQ(counters().evicted_responses(), counters().evictions - 1);
}

TEST_F(UsageTest, tells_how_old_the_next_victim_is) {
  open(1 * MiB);
  EXPECT_FALSE(observer().usage().eviction_age_ms) << "there is none";
  worker_ = worker(0);
  ASSERT_TRUE(worker_->put("k", size));
  auto process = Process::attach(segment_.get(), 1, doorbells_);
  ASSERT_TRUE(process);
  (*process)->tail(0).fetch_sub(30 * second);
  const auto age = observer().usage().eviction_age_ms;
  ASSERT_TRUE(age);
  EXPECT_GE(*age, 30'000u);
  EXPECT_LT(*age, 90'000u);
}

TEST_F(UsageTest, tells_what_is_protected_and_how_much_may_be) {
  fill(false);
  EXPECT_EQ(worker_->store().usage().protected_bytes, 0u);
  EXPECT_NEAR(worker_->store().usage().protected_share, 0.8, 0.001);
  EXPECT_TRUE(worker_->hit("3"));
  EXPECT_EQ(worker_->store().usage().protected_bytes, entry("3").charged_units * unit_bytes);
}

TEST_F(UsageTest, the_literal_order_protects_nothing) {
  fill(true);
  EXPECT_TRUE(worker_->hit("3"));
  EXPECT_EQ(worker_->store().usage().protected_bytes, 0u);
  EXPECT_EQ(worker_->store().usage().protected_share, 0);
}

}  // namespace
}  // namespace ringwall::cache::test
