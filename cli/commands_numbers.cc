// Commands that print what is counted.
#include <fmt/format.h>

#include <thread>

#include "cli/ask.h"
#include "daemon/base/text.h"
#include "daemon/control/reports.h"

namespace ringwall::cli {

using control::Json;
using control::Method;
using control::Outcome;

namespace {

using Values = std::map<std::string, uint64_t>;

std::string series_of(const control::CounterReport& counter) {
  return counter.labels.empty() ? counter.name
                                : fmt::format("{}{{{}}}", counter.name, counter.labels);
}

void show_plain(const control::StatsReport& report, Output& output) {
  Table table({{"COUNTER"}, {"VALUE", Align::right}});
  for (const auto& counter : report.counters) {
    table.add({series_of(counter), std::to_string(counter.value)});
  }
  output.table(table);
}

/// What has changed since `before`, with its rate; and `before` brought up to date.
void show_rates(const control::StatsReport& report, double interval_s, Values& before,
                Output& output) {
  Table table({{"COUNTER"}, {"VALUE", Align::right}, {"PER SECOND", Align::right}});
  for (const auto& counter : report.counters) {
    std::string series = series_of(counter);
    auto earlier = before.find(series);
    bool rated =
        counter.kind == "counter" && earlier != before.end() && counter.value >= earlier->second;
    double rate = rated ? static_cast<double>(counter.value - earlier->second) / interval_s : 0;
    before[series] = counter.value;
    if (counter.value == 0 && output.terminal()) continue;
    table.add({series, std::to_string(counter.value), rated ? fmt::format("{:.1f}", rate) : "-"});
  }
  output.table(table);
}

Outcome watch(const Invocation& invocation, Output& output, uint64_t interval_s, uint64_t count) {
  constexpr const char* clear_screen = "\033[H\033[2J";
  Values before;
  auto begun = base::monotonic_now();
  for (uint64_t i = 0; count == 0 || i < count; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::seconds(interval_s));
    Outcome outcome = ask<control::StatsReport>(
        invocation, output, Method::stats, Json::object(), [&](const control::StatsReport& report) {
          auto now = base::monotonic_now();
          double passed_s = static_cast<double>((now - begun).count()) / 1e9;
          begun = now;
          if (output.terminal()) output.text(clear_screen);
          show_rates(report, passed_s > 0 ? passed_s : 1, before, output);
          return Outcome::done;
        });
    if (outcome != Outcome::done) return outcome;
  }
  return Outcome::done;
}

}  // namespace

Outcome show_stats(const Invocation& invocation, Output& output) {
  if (invocation.has("watch") || invocation.has("count")) {
    constexpr uint64_t interval_max_s = 86400;
    auto interval = base::parse_decimal(invocation.value("watch"));
    auto count = base::parse_decimal(invocation.has("count") ? invocation.value("count") : "0");
    if (!interval || *interval < 1 || *interval > interval_max_s || !count) {
      output.problem({Outcome::usage, "--watch takes whole seconds, --count goes with --watch"});
      return Outcome::usage;
    }
    return watch(invocation, output, *interval, *count);
  }
  return ask<control::StatsReport>(invocation, output, Method::stats, Json::object(),
                                   [&output](const control::StatsReport& report) {
                                     show_plain(report, output);
                                     return Outcome::done;
                                   });
}

Outcome show_metrics(const Invocation& invocation, Output& output) {
  return ask<control::MetricsReport>(invocation, output, Method::metrics, Json::object(),
                                     [&output](const control::MetricsReport& report) {
                                       output.text(report.text);
                                       return Outcome::done;
                                     });
}

}  // namespace ringwall::cli
