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

}  // namespace
}  // namespace ringwall::master
