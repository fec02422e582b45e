#include "daemon/stats/prometheus.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace ringwall::stats {
namespace {

constexpr base::Instant start{1'000'000'000};

struct Fixture {
  Segment segment = std::move(*Segment::create());
  WorkerStats& own = segment.claim(0, 1, start);

  std::string text(std::vector<Extra> extras = {}) { return render_prometheus(segment, extras); }
  bool has(const std::string& line, std::vector<Extra> extras = {}) {
    return ("\n" + text(std::move(extras))).find("\n" + line + "\n") != std::string::npos;
  }
};

TEST(Prometheus, counters_carry_their_labels) {
  Fixture f;
  f.own.add(Counter::requests_get, 3);
  f.own.add(Counter::gateway_503_queue, 2);
  EXPECT_TRUE(f.has("# TYPE ringwall_requests_total counter"));
  EXPECT_TRUE(f.has("ringwall_requests_total{method=\"get\"} 3"));
  EXPECT_TRUE(f.has("ringwall_gateway_errors_total{status=\"503\",reason=\"queue\"} 2"));
  EXPECT_TRUE(f.has("# TYPE ringwall_connections_open gauge"));
  EXPECT_TRUE(f.has("ringwall_workers 1"));
}

TEST(Prometheus, buckets_are_cumulative_and_end_in_the_count) {
  Fixture f;
  f.own.observe_duration(10);
  f.own.observe_duration(30);
  f.own.observe_duration(500'000'000);
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_bucket{le=\"1.6e-05\"} 1"));
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_bucket{le=\"3.2e-05\"} 2"));
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_bucket{le=\"67.108864\"} 2"));
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_bucket{le=\"+Inf\"} 3"));
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_count 3"));
  EXPECT_TRUE(f.has("ringwall_exchange_duration_seconds_sum 500.00004"));
}

TEST(Prometheus, extra_histograms_are_cumulated_under_one_head) {
  Fixture f;
  constexpr double bounds[] = {1, 60};
  constexpr uint64_t buckets[] = {2, 3, 4};
  const ExtraHistogram histogram{"ringwall_idle_seconds", "Idle.", bounds, buckets, 12.5};
  const std::string text = render_prometheus(f.segment, {}, {&histogram, 1});
  EXPECT_NE(text.find("# HELP ringwall_idle_seconds Idle.\n"
                      "# TYPE ringwall_idle_seconds histogram\n"
                      "ringwall_idle_seconds_bucket{le=\"1\"} 2\n"
                      "ringwall_idle_seconds_bucket{le=\"60\"} 5\n"
                      "ringwall_idle_seconds_bucket{le=\"+Inf\"} 9\n"
                      "ringwall_idle_seconds_sum 12.5\n"
                      "ringwall_idle_seconds_count 9\n"),
            std::string::npos)
      << text;
}

TEST(Prometheus, backends_are_labelled_and_labels_escaped) {
  Fixture f;
  ASSERT_TRUE(f.segment.assign("app", "unix:/run/a\"b\\c\n"));
  f.own.backend(0).add(BackendCounter::responses_2xx, 5);
  EXPECT_TRUE(f.has(
      R"(ringwall_backend_responses_total{upstream="app",backend="unix:/run/a\"b\\c\n",class="2xx"} 5)"));
  EXPECT_EQ(f.text().find("ejected_until"), std::string::npos) << "state is no metric";
}

TEST(Prometheus, routes_are_labelled_and_the_others_only_where_they_count) {
  Fixture f;
  std::vector<std::string_view> names = {"sh\"op"};
  uint32_t shop = f.segment.assign_routes(names)[0];
  f.own.route(shop).count(RouteCounter::hit, 7);
  EXPECT_TRUE(f.has(R"(ringwall_route_requests_total{route="sh\"op",outcome="hit"} 1)"));
  EXPECT_TRUE(f.has(R"(ringwall_route_content_bytes_total{route="sh\"op",source="cache"} 7)"));
  EXPECT_EQ(f.text().find("(other)"), std::string::npos);
  f.own.route(other_routes).count(RouteCounter::pass, 0);
  EXPECT_TRUE(f.has(R"x(ringwall_route_requests_total{route="(other)",outcome="pass"} 1)x"));
}

TEST(Prometheus, what_others_count_is_added) {
  Fixture f;
  std::vector<Extra> extras = {
      {"ringwall_cache_bytes", Kind::gauge, "state=\"used\"", "Bytes of the arena.", 1.5e9},
      {"ringwall_cache_bytes", Kind::gauge, "state=\"free\"", "", 7},
  };
  EXPECT_TRUE(f.has("# HELP ringwall_cache_bytes Bytes of the arena.", extras));
  EXPECT_TRUE(f.has("ringwall_cache_bytes{state=\"used\"} 1500000000", extras));
  EXPECT_TRUE(f.has("ringwall_cache_bytes{state=\"free\"} 7", extras));
}

/// The rules of text format 0.0.4: HELP and TYPE once per name and before its samples, samples of
/// one name together, no series twice, a newline at the end.
TEST(Prometheus, the_text_obeys_the_format) {
  Fixture f;
  ASSERT_TRUE(f.segment.assign("app", "a:1"));
  ASSERT_TRUE(f.segment.assign("app", "b:1"));
  std::vector<std::string_view> names = {"one", "two"};
  f.segment.assign_routes(names);
  std::string all = f.text();
  ASSERT_TRUE(all.ends_with("\n"));
  std::set<std::string> typed, series;
  std::string current, line;
  std::istringstream lines(all);
  while (std::getline(lines, line)) {
    SCOPED_TRACE(line);
    if (line.starts_with("# TYPE ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(typed.insert(current).second) << "typed twice";
    } else if (!line.starts_with("# HELP ")) {
      EXPECT_TRUE(line.starts_with(current));
      size_t space = line.rfind(' ');
      EXPECT_TRUE(series.insert(line.substr(0, space)).second) << "twice";
    }
  }
  EXPECT_GT(series.size(), counter_count);
}

}  // namespace
}  // namespace ringwall::stats
