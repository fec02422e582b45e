#include "daemon/master/cache_numbers.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

using stats::RouteCounter;

constexpr base::Instant start{1'000'000'000};

TEST(CacheNumbers, are_by_route_with_their_sum) {
  stats::Segment segment = std::move(*stats::Segment::create());
  std::vector<std::string_view> names = {"shop", "static"};
  std::vector<uint32_t> places = segment.assign_routes(names);
  stats::WorkerStats& own = segment.claim(0, 1, start);
  own.route(places[0]).count(RouteCounter::hit, 300);
  own.route(places[0]).count(RouteCounter::stale, 0);
  own.route(places[0]).count(RouteCounter::miss, 100);
  own.route(places[0]).count(RouteCounter::pass, 0);
  own.route(places[1]).count(RouteCounter::miss, 100);
  control::CacheStatsReport report = cache_numbers(segment, nullptr);
  ASSERT_EQ(report.routes.size(), 2u) << "others only where they count";
  EXPECT_EQ(report.routes[0].route, "shop");
  EXPECT_EQ(report.routes[0].requests, 4u);
  EXPECT_EQ(report.routes[0].hit_ratio, 0.5);
  EXPECT_EQ(report.routes[0].byte_hit_ratio, 0.75);
  EXPECT_EQ(report.routes[1].hit_ratio, 0);
  EXPECT_EQ(report.all.requests, 5u);
  EXPECT_EQ(report.all.misses, 2u);
  EXPECT_EQ(report.all.hit_ratio, 0.4);
  own.route(stats::other_routes).count(RouteCounter::busy, 0);
  EXPECT_EQ(cache_numbers(segment, nullptr).routes.size(), 3u);
}

TEST(CacheNumbers, tell_the_reasons_that_occurred_the_most_frequent_first) {
  stats::Segment segment = std::move(*stats::Segment::create());
  stats::WorkerStats& own = segment.claim(0, 1, start);
  own.add(stats::reason_of("stale"));
  own.add(stats::reason_of("uri-miss"), 5);
  own.add(stats::reason_of("never heard"), 2);
  control::CacheStatsReport report = cache_numbers(segment, nullptr);
  ASSERT_EQ(report.reasons.size(), 3u);
  EXPECT_EQ(report.reasons[0].reason, "uri-miss");
  EXPECT_EQ(report.reasons[0].requests, 5u);
  EXPECT_EQ(report.reasons[1].reason, "other");
  EXPECT_EQ(report.reasons[2].reason, "stale");
}

/// Stores an object of 65,000 bytes.
void put(cache::Store& store, const std::string& key) {
  cache::Found found = store.find({.key = key, .now = 1000});
  auto* fill = std::get_if<cache::Fill>(&found.way);
  ASSERT_NE(fill, nullptr);
  ASSERT_TRUE(fill->begin_head({}, "head", 65'000));
  ASSERT_TRUE(fill->append(std::string(65'000, 'c')));
  fill->finish();
}

TEST(CacheNumbers, tell_how_old_what_was_evicted_was) {
  stats::Segment segment = std::move(*stats::Segment::create());
  cache::SegmentOptions options;
  options.size = uint64_t{1} << 20;
  auto fd = cache::create_segment(options);
  ASSERT_TRUE(fd) << fd.error().what;
  cache::Store store = std::move(*cache::Store::attach(fd->get(), 0, {}));
  EXPECT_FALSE(cache_numbers(segment, &store).eviction_age_s);
  EXPECT_EQ(cache_numbers(segment, &store).evicted_idle_mean_s, 0);
  for (int i = 0; i < 40; ++i) put(store, std::to_string(i));
  const control::CacheStatsReport report = cache_numbers(segment, &store);
  EXPECT_GT(report.evictions, 20u);
  EXPECT_EQ(report.evicted_unused, report.evictions);
  EXPECT_EQ(report.evicted_unused_ratio, 1);
  ASSERT_EQ(report.evicted_idle.size(), 9u);
  EXPECT_EQ(report.evicted_idle[0].up_to_s, 1u);
  EXPECT_FALSE(report.evicted_idle[8].up_to_s);
  uint64_t sum = 0;
  for (const auto& one : report.evicted_idle) sum += one.responses;
  EXPECT_EQ(sum, report.evictions);
  EXPECT_LT(report.evicted_idle_mean_s, 60);
  EXPECT_GT(report.evicted_stored_mean_s, 1e9) << "in 1970";
  ASSERT_TRUE(report.eviction_age_s);
  EXPECT_LT(*report.eviction_age_s, 60);
}

}  // namespace
}  // namespace ringwall::master
