#include "daemon/stats/counters.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ringwall::stats {
namespace {

bool is_metric_name(std::string_view name) {
  if (!name.starts_with("ringwall_")) return false;
  for (char c : name) {
    if (c != '_' && (c < 'a' || c > 'z')) return false;
  }
  return true;
}

void check_table(std::span<const Row> table) {
  std::set<std::string> series;
  std::set<std::string_view> finished;
  std::string_view current;
  for (const Row& row : table) {
    if (row.name.empty()) continue;
    SCOPED_TRACE(row.id);
    EXPECT_TRUE(is_metric_name(row.name)) << row.name;
    if (row.kind == Kind::counter) {
      EXPECT_TRUE(row.name.ends_with("_total")) << row.name;
    }
    EXPECT_TRUE(series.insert(std::string(row.name) + "{" + std::string(row.labels)).second)
        << "twice in the table";
    if (row.name != current) {
      EXPECT_TRUE(finished.insert(row.name).second) << "rows of one name do not stand together";
      EXPECT_FALSE(row.help.empty());
      current = row.name;
    }
  }
}

TEST(Counters, rows_are_unique_named_as_metrics_and_grouped) {
  check_table(rows());
}

TEST(Counters, rows_of_backends_are_too) {
  check_table(backend_rows());
}

TEST(Counters, rows_of_routes_are_too) {
  check_table(route_rows());
}

TEST(Counters, a_reason_is_found_by_its_word) {
  EXPECT_EQ(reason_of("uri-miss"), Counter::reason_uri_miss);
  EXPECT_EQ(reason_of("stale-while-revalidate"), Counter::reason_stale_while_revalidate);
  EXPECT_EQ(reason_of("no-room"), Counter::reason_no_room);
  EXPECT_EQ(reason_of("unheard-of"), Counter::reason_other);
  EXPECT_EQ(reason_of(""), Counter::reason_other);
  for (size_t i = 0; i < counter_count; ++i) {
    auto counter = static_cast<Counter>(i);
    std::string_view word = word_of_reason(counter);
    EXPECT_EQ(word.empty(), rows()[i].name != "ringwall_cache_reasons_total");
    if (!word.empty()) {
      EXPECT_EQ(reason_of(word), counter) << word;
    }
  }
}

TEST(Counters, content_is_of_the_cache_where_it_was_stored_before) {
  EXPECT_EQ(content_of(RouteCounter::hit), RouteCounter::content_cache);
  EXPECT_EQ(content_of(RouteCounter::revalidated), RouteCounter::content_cache);
  EXPECT_EQ(content_of(RouteCounter::collapsed), RouteCounter::content_origin);
  EXPECT_EQ(content_of(RouteCounter::pass), RouteCounter::content_origin);
}

TEST(Counters, a_row_is_found_by_its_enumerator) {
  EXPECT_EQ(row_of(Counter::connections_accepted).id, "connections_accepted");
  EXPECT_EQ(row_of(Counter::reloads_refused).id, "reloads_refused");
  EXPECT_EQ(row_of(BackendCounter::ejected_until_ns).id, "ejected_until_ns");
  EXPECT_EQ(row_of(RouteCounter::content_origin).id, "content_origin");
}

TEST(Counters, responses_are_counted_by_class) {
  EXPECT_EQ(responses_of(100), Counter::responses_1xx);
  EXPECT_EQ(responses_of(204), Counter::responses_2xx);
  EXPECT_EQ(responses_of(399), Counter::responses_3xx);
  EXPECT_EQ(responses_of(404), Counter::responses_4xx);
  EXPECT_EQ(responses_of(503), Counter::responses_5xx);
  EXPECT_EQ(backend_responses_of(200), BackendCounter::responses_2xx);
}

TEST(Counters, what_is_no_status_counts_as_5xx) {
  EXPECT_EQ(responses_of(0), Counter::responses_5xx);
  EXPECT_EQ(responses_of(999), Counter::responses_5xx);
  EXPECT_EQ(backend_responses_of(700), BackendCounter::responses_5xx);
}

}  // namespace
}  // namespace ringwall::stats
