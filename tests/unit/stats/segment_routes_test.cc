#include <gtest/gtest.h>

#include "daemon/stats/segment.h"

namespace ringwall::stats {
namespace {

using Names = std::vector<std::string_view>;
using Indices = std::vector<uint32_t>;

constexpr base::Instant start{1'000'000'000};

Segment make() {
  auto segment = Segment::create();
  EXPECT_TRUE(segment) << segment.error().what;
  return std::move(*segment);
}

TEST(Routes, keep_their_places_and_numbers_across_configs) {
  Segment segment = make();
  Indices first = segment.assign_routes(Names{"shop", "static"});
  EXPECT_EQ(first, (Indices{1, 2}));
  WorkerStats& own = segment.claim(0, 1, start);
  own.route(first[0]).add(RouteCounter::hit);
  segment.keep_only_routes(segment.find_routes(Names{"shop", "static"}));
  EXPECT_EQ(segment.assign_routes(Names{"news", "shop"}), (Indices{3, 1}));
  segment.keep_only_routes(segment.find_routes(Names{"news", "shop"}));
  auto worker = Segment::attach(segment.fd(), true);
  ASSERT_TRUE(worker);
  EXPECT_EQ(worker->find_routes(Names{"shop", "static", "news"}), (Indices{1, other_routes, 3}));
  EXPECT_EQ(worker->read_route(1)[RouteCounter::hit], 1u);
  ASSERT_EQ(worker->routes().size(), 3u);
  EXPECT_EQ(worker->routes()[0].name, other_routes_name);
  EXPECT_EQ(worker->routes()[1].name, "shop");
}

TEST(Routes, outlive_the_worker_that_counted) {
  Segment segment = make();
  uint32_t shop = segment.assign_routes(Names{"shop"})[0];
  for (uint64_t life = 1; life <= 2; ++life) {
    segment.claim(0, 1, start).route(shop).count(RouteCounter::stale, 100);
    segment.claim(1, 1, start).route(shop).count(RouteCounter::miss, 10);
    segment.retire(0);
    segment.retire(1);
    RouteTotals totals = segment.read_route(shop);
    EXPECT_EQ(totals[RouteCounter::stale], life);
    EXPECT_EQ(totals[RouteCounter::miss], life);
    EXPECT_EQ(totals[RouteCounter::content_cache], 100 * life);
    EXPECT_EQ(totals[RouteCounter::content_origin], 10 * life);
  }
}

TEST(Routes, beyond_the_places_are_counted_together) {
  Segment segment = make();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < routes_max + 5; ++i) texts.push_back("route " + std::to_string(i));
  Names names(texts.begin(), texts.end());
  Indices places = segment.assign_routes(names);
  EXPECT_EQ(places[routes_max - 2], routes_max - 1);
  EXPECT_EQ(places[routes_max - 1], other_routes);
  EXPECT_EQ(segment.find_routes(names), places);
  std::string long_name(route_name_bytes_max + 1, 'r');
  EXPECT_EQ(segment.assign_routes(Names{long_name, other_routes_name}),
            (Indices{other_routes, other_routes}));
}

TEST(Routes, that_are_new_begin_at_nothing_in_a_freed_place) {
  Segment segment = make();
  std::vector<std::string> texts;
  for (uint32_t i = 1; i < routes_max; ++i) texts.push_back("route " + std::to_string(i));
  Names names(texts.begin(), texts.end());
  segment.assign_routes(names);
  WorkerStats& own = segment.claim(0, 1, start);
  own.route(7).add(RouteCounter::hit, 9);
  own.route(other_routes).add(RouteCounter::hit, 3);
  names.erase(names.begin() + 6);
  segment.keep_only_routes(segment.find_routes(names));
  EXPECT_EQ(segment.assign_routes(Names{"new"}), Indices{7});
  EXPECT_EQ(segment.read_route(7)[RouteCounter::hit], 0u);
  EXPECT_EQ(segment.read_route(other_routes)[RouteCounter::hit], 3u);
}

}  // namespace
}  // namespace ringwall::stats
