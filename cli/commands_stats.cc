// cache stats: how much the cache does, by route and by reason.
#include <fmt/format.h>

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
  store.add({"purged", std::to_string(report.purged)});
  store.add({"segments given up", std::to_string(report.segments_given_up)});
  store.add({"counted for", output.seconds(report.now - report.started_at)});
  output.table(store);
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
