// cache stats: how much the cache does, by route and by reason.
#include <fmt/format.h>

#include <cmath>

#include "cli/ask.h"
#include "cli/units.h"
#include "daemon/control/reports_stats.h"

namespace ringwall::cli {

using control::CacheStatsReport;
using control::Json;
using control::Method;
using control::Outcome;

namespace {

void add_route(const control::RouteReport& route, std::string name, Table& table) {
  auto percent = [](double ratio) { return fmt::format("{:.1f}", 100 * ratio); };
  auto number = [](uint64_t value) { return std::to_string(value); };
  table.add({std::move(name), number(route.requests), number(route.hits), number(route.stale),
             number(route.revalidated), number(route.misses), number(route.collapsed),
             number(route.passes), number(route.uncacheable), number(route.busy + route.no_room),
             percent(route.hit_ratio), percent(route.byte_hit_ratio)});
}

Table routes_of(const CacheStatsReport& report) {
  constexpr Align right = Align::right;
  Table table({{"ROUTE"},
               {"REQUESTS", right},
               {"HITS", right},
               {"STALE", right},
               {"REVALIDATED", right},
               {"MISSES", right},
               {"COLLAPSED", right},
               {"PASSES", right},
               {"UNCACHEABLE", right},
               {"BUSY", right},
               {"HIT %", right},
               {"BYTES %", right}});
  for (const auto& route : report.routes) add_route(route, route.route, table);
  add_route(report.all, "all", table);
  return table;
}

int64_t whole(double seconds) {
  return static_cast<int64_t>(std::llround(seconds));
}

Table evicted_by_idle_time(const CacheStatsReport& report, const Output& output) {
  Table table({{"EVICTED, IDLE UP TO"}, {"RESPONSES", Align::right}});
  for (const auto& one : report.evicted_idle) {
    table.add({one.up_to_s ? output.seconds(static_cast<int64_t>(*one.up_to_s)) : "longer",
               std::to_string(one.responses)});
  }
  return table;
}

void show(const CacheStatsReport& report, Output& output) {
  output.table(routes_of(report));
  output.say("");
  Table reasons({{"WHY NOT A HIT"}, {"REQUESTS", Align::right}});
  for (const auto& one : report.reasons) reasons.add({one.reason, std::to_string(one.requests)});
  output.table(reasons);
  output.say("");
  Table store({{"STORED RESPONSES"}, {"", Align::right}});
  store.add({"now", std::to_string(report.objects)});
  store.add({"stored", std::to_string(report.stored)});
  store.add({"evicted", std::to_string(report.evictions)});
  store.add({"evicted content", output.bytes(report.evicted_bytes)});
  store.add({"evicted unused", std::to_string(report.evicted_unused)});
  store.add({"evicted unused %", fmt::format("{:.1f}", 100 * report.evicted_unused_ratio)});
  store.add({"evicted after, idle", output.seconds(whole(report.evicted_idle_mean_s))});
  store.add({"evicted after, stored", output.seconds(whole(report.evicted_stored_mean_s))});
  store.add({"eviction age now",
             report.eviction_age_s ? output.seconds(whole(*report.eviction_age_s)) : "-"});
  store.add({"stored again soon", std::to_string(report.returned)});
  store.add({"purged", std::to_string(report.purged)});
  store.add({"segments given up", std::to_string(report.segments_given_up)});
  store.add({"counted for", output.seconds(report.now - report.started_at)});
  output.table(store);
  if (report.evictions == 0) return;
  output.say("");
  output.table(evicted_by_idle_time(report, output));
}

}  // namespace

Outcome show_cache_stats(const Invocation& invocation, Output& output) {
  return ask<CacheStatsReport>(invocation, output, Method::cache_stats, Json::object(),
                               [&output](const CacheStatsReport& report) {
                                 show(report, output);
                                 return Outcome::done;
                               });
}

}  // namespace ringwall::cli
