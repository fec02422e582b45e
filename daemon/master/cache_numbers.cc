#include "daemon/master/cache_numbers.h"

#include <algorithm>
#include <numeric>

namespace ringwall::master {
namespace {

using control::RouteReport;
using stats::RouteCounter;

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

RouteReport report_of(std::string name, const stats::RouteTotals& totals) {
  RouteReport report;
  report.route = std::move(name);
  report.hits = totals[RouteCounter::hit];
  report.stale = totals[RouteCounter::stale];
  report.revalidated = totals[RouteCounter::revalidated];
  report.misses = totals[RouteCounter::miss];
  report.collapsed = totals[RouteCounter::collapsed];
  report.passes = totals[RouteCounter::pass];
  report.uncacheable = totals[RouteCounter::uncacheable];
  report.busy = totals[RouteCounter::busy];
  report.no_room = totals[RouteCounter::no_room];
  constexpr auto outcomes = static_cast<size_t>(RouteCounter::content_cache);
  static_assert(outcomes == 9);
  report.requests =
      std::accumulate(totals.values.begin(), totals.values.begin() + outcomes, uint64_t{0});
  report.content_cache_bytes = totals[RouteCounter::content_cache];
  report.content_origin_bytes = totals[RouteCounter::content_origin];
  report.hit_ratio = ratio(report.hits + report.stale + report.revalidated, report.requests);
  report.byte_hit_ratio =
      ratio(report.content_cache_bytes, report.content_cache_bytes + report.content_origin_bytes);
  return report;
}

std::vector<control::ReasonReport> reasons_of(const stats::Totals& totals) {
  std::vector<control::ReasonReport> reasons;
  for (size_t i = 0; i < stats::counter_count; ++i) {
    std::string_view word = stats::word_of_reason(static_cast<stats::Counter>(i));
    if (word.empty() || totals.values[i] == 0) continue;
    reasons.push_back({std::string(word), totals.values[i]});
  }
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.requests > b.requests; });
  return reasons;
}

void add_evictions(control::CacheStatsReport& report, const cache::Counters& counters) {
  const uint64_t evicted = counters.evicted_responses();
  report.evictions = counters.evictions;
  report.evicted_bytes = counters.evicted_bytes;
  report.evicted_unused = counters.evicted_unused;
  report.evicted_unused_ratio = ratio(counters.evicted_unused, evicted);
  report.evicted_idle_mean_s = ratio(counters.evicted_idle_ms, evicted) / 1e3;
  report.evicted_stored_mean_s = ratio(counters.evicted_stored_s, evicted);
  for (size_t i = 0; i < counters.evicted_idle.size(); ++i) {
    control::EvictedIdleReport& one = report.evicted_idle.emplace_back();
    if (i < cache::idle_bounds_s.size()) one.up_to_s = cache::idle_bounds_s[i];
    one.responses = counters.evicted_idle[i];
  }
  report.returned = counters.returned;
}

}  // namespace

control::CacheStatsReport cache_numbers(const stats::Segment& segment, const cache::Store* store) {
  control::CacheStatsReport report;
  report.now = base::wall_now_ns() / 1'000'000'000;
  report.started_at = segment.created_wall_ns() / 1'000'000'000;
  stats::RouteTotals sum;
  for (const stats::NamedRoute& route : segment.routes()) {
    stats::RouteTotals totals = segment.read_route(route.index);
    for (size_t i = 0; i < totals.values.size(); ++i) sum.values[i] += totals.values[i];
    RouteReport one = report_of(route.name, totals);
    if (route.index != stats::other_routes || one.requests > 0) {
      report.routes.push_back(std::move(one));
    }
  }
  report.all = report_of("", sum);
  stats::Totals totals = segment.totals();
  report.reasons = reasons_of(totals);
  report.segments_given_up = totals[stats::Counter::cache_given_up_damaged] +
                             totals[stats::Counter::cache_given_up_crashes];
  if (store == nullptr) return report;
  cache::Counters counters = store->counters();
  cache::Usage usage = store->usage();
  report.objects = usage.objects;
  report.stored = counters.stored;
  report.purged = counters.purged;
  add_evictions(report, counters);
  if (usage.eviction_age_ms) {
    report.eviction_age_s = static_cast<double>(*usage.eviction_age_ms) / 1e3;
  }
  return report;
}

}  // namespace ringwall::master
