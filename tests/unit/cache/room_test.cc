#include "cache/room.h"

#include <cmath>
#include <deque>
#include <random>

#include "cache/units.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class RoomTest : public CacheTest {};

TEST_F(RoomTest, a_full_cache_makes_room_by_evicting) {
  open(2 * MiB);
  auto a = worker(0);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(a->put("k" + std::to_string(i), static_cast<size_t>(i) * 37 % 20'000, i % 2 == 0));
  }
  EXPECT_GT(a->store().counters().evictions, 1000u);
  EXPECT_GT(a->store().usage().used_bytes, 2 * MiB * 9 / 10);
  EXPECT_TRUE(a->proves("k2999", 2999u * 37 % 20'000));
  expect_nothing_lost(a->store());
}

TEST_F(RoomTest, with_all_pinned_a_fill_fails_softly_and_later_ones_succeed) {
  open(1 * MiB);
  auto a = worker(0);
  auto b = worker(1);
  std::vector<Hit> pinned;
  for (int i = 0; i < 30; ++i) {
    const std::string key = "k" + std::to_string(i);
    if (!a->put(key, 60'000)) break;
    auto hit = b->hit(key);
    ASSERT_TRUE(hit);
    pinned.push_back(std::move(*hit));
  }
  EXPECT_GE(pinned.size(), 14u);
  Found found = a->find("more");
  auto* fill = std::get_if<Fill>(&found.way);
  ASSERT_NE(fill, nullptr);
  auto follow = b->follow("more");
  EXPECT_FALSE(fill->begin_head({}, "head", 60'000));
  EXPECT_FALSE(fill->storable());
  EXPECT_EQ(follow->state(), Follow::State::uncacheable);
  EXPECT_GE(a->store().counters().no_room, 1u);
  for (const Hit& hit : pinned) EXPECT_EQ(hit.content_length(), 60'000u);
  found.way = Busy::lock;
  follow.reset();
  pinned.clear();
  EXPECT_TRUE(a->put("more", 60'000));
  expect_nothing_lost(a->store());
}

TEST_F(RoomTest, a_fill_of_unknown_length_that_outgrows_the_room_is_abandoned) {
  open(1 * MiB);
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  ASSERT_TRUE(fill->begin_head({}, "head", std::nullopt));
  auto follow = b->follow("k");
  const std::string content = content_of("k", 2'000'000);
  EXPECT_FALSE(fill->append(content));
  EXPECT_FALSE(fill->storable());
  EXPECT_EQ(follow->state(), Follow::State::abandoned);
  const uint64_t there = follow->available();
  EXPECT_GT(there, 100'000u);
  EXPECT_EQ(read_content(*follow, 0, there), content.substr(0, there))
      << "what came stays readable";
  EXPECT_EQ(fill->committed(), there);
  fill->finish();
  fill.reset();
  EXPECT_FALSE(b->has("k"));
  follow.reset();
  expect_nothing_lost(a->store());
}

TEST_F(RoomTest, what_is_larger_than_any_object_may_be_is_remembered_as_uncacheable) {
  open(1 * MiB);
  auto a = worker(0);
  auto fill = a->permit("k");
  EXPECT_FALSE(fill->begin_head({}, "head", 3'000'000));
  fill.reset();
  EXPECT_EQ(a->busy("k"), Busy::marked);
}

TEST_F(RoomTest, a_key_that_is_too_long_passes_by) {
  open();
  auto a = worker(0);
  EXPECT_EQ(a->busy(std::string(40'000, 'k')), Busy::room);
  EXPECT_TRUE(a->put(std::string(30'000, 'k'), 10));
  expect_nothing_lost(a->store());
}

TEST_F(RoomTest, large_objects_find_room_among_many_small_ones) {
  open(4 * MiB);
  auto a = worker(0);
  for (int i = 0; i < 4000; ++i) ASSERT_TRUE(a->put("s" + std::to_string(i), 1000));
  for (int i = 0; i < 20; ++i) {
    const std::string key = "large" + std::to_string(i);
    ASSERT_TRUE(a->put(key, 700'000, i % 2 == 0)) << i;
    EXPECT_TRUE(a->proves(key, 700'000));
  }
  expect_nothing_lost(a->store());
}

TEST_F(RoomTest, a_small_object_is_one_run_with_little_beside_its_content) {
  open(32 * MiB);
  auto a = worker(0);
  constexpr uint64_t objects = 10'000;
  const std::string head(200, 'h');
  const std::string content(1024, 'c');
  for (uint64_t i = 0; i < objects; ++i) {
    std::string key = "http://www.example.org/path/to/object/" + std::to_string(i);
    key.resize(45, 'x');
    Fill fill = *a->permit(key);
    // Without a length the table of extents must be provided for.
    ASSERT_TRUE(
        fill.begin_head({}, head, i % 2 == 0 ? std::optional(content.size()) : std::nullopt));
    ASSERT_TRUE(fill.append(content));
    fill.finish();
  }
  const Usage usage = a->store().usage();
  EXPECT_EQ(usage.objects, objects);
  // The first ones teach what is usual.
  EXPECT_LE(usage.used_bytes, objects * 1440 + 16 * unit_bytes);
  // Outside the arena: a record of 144 bytes per page and a bucket of 4 per KiB.
  EXPECT_LT(usage.used_bytes / objects + 1440 * 144 / 65'536 + 6, 1450u);
}

TEST_F(RoomTest, many_fills_at_once_leave_no_gaps_between_small_objects) {
  constexpr uint64_t objects = 10'000;
  constexpr uint64_t object_bytes = 22 * unit_bytes;
  constexpr uint64_t size = objects * object_bytes * 102 / 100;
  open(size);
  ASSERT_TRUE(resize(size));
  auto a = worker(0);
  const std::string content(1024, 'c');
  // What is in each one's run beside key and content.
  const std::string head(200, 'h');
  std::deque<Fill> under_way;
  auto finish_first = [&] {
    Fill& fill = under_way.front();
    ASSERT_TRUE(fill.begin_head({}, head, content.size()));
    ASSERT_TRUE(fill.append(content));
    fill.finish();
    under_way.pop_front();
  };
  for (uint64_t i = 0; i < objects; ++i) {
    std::string key = "http://www.example.org/path/to/object/" + std::to_string(i);
    key.resize(45, 'x');
    under_way.push_back(*a->permit(key));
    if (under_way.size() == 64) finish_first();
  }
  while (!under_way.empty()) finish_first();
  EXPECT_EQ(a->store().usage().objects, objects);
  EXPECT_EQ(a->store().counters().evictions, 0u);
}

TEST_F(RoomTest, under_churn_of_all_sizes_nine_tenths_of_the_arena_are_content) {
  open(64 * MiB);
  ASSERT_TRUE(resize(64 * MiB));
  auto a = worker(0);
  std::mt19937 random(3);
  std::lognormal_distribution<double> sizes(std::log(12'000.0), 1.8);
  const std::string content(5'000'000, 'c');
  const std::string head(300, 'h');
  double least = 1;
  for (int i = 0; i < 12'000; ++i) {
    const auto size = static_cast<size_t>(std::clamp(sizes(random), 200.0, 5e6));
    Fill fill = *a->permit("http://www.example.org/some/path/" + std::to_string(i));
    ASSERT_TRUE(fill.begin_head({}, head, i % 2 == 0 ? std::optional(size) : std::nullopt)) << i;
    ASSERT_TRUE(fill.append(std::string_view(content).substr(0, size))) << i;
    fill.finish();
    if (i < 4000 || i % 50 != 0) continue;
    const Usage usage = a->store().usage();
    least = std::min(
        least, static_cast<double>(usage.content_bytes) / static_cast<double>(usage.arena_bytes));
  }
  EXPECT_GT(a->store().counters().evictions, 5000u);
  EXPECT_EQ(a->store().counters().no_room, 0u);
  EXPECT_GT(least, 0.9);
  RecordProperty("content_percent", static_cast<int>(least * 100));
  printf("content at least %.1f %%\n", least * 100);
  EXPECT_EQ(breaches(a->store()), "");
}

}  // namespace
}  // namespace ringwall::cache::test
