// The part of Commands that says what runs.
#include <unistd.h>

#include <algorithm>

#include "daemon/master/commands.h"
#include "daemon/master/master.h"

namespace ringwall::master {

std::vector<control::WorkerReport> Commands::workers() const {
  std::vector<control::WorkerReport> reports;
  const stats::Segment& stats = *master_.estate().stats;
  base::Instant now = base::monotonic_now();
  for (const auto& child : master_.children().all()) {
    if (child->kind != worker::Kind::worker) continue;
    control::WorkerReport report;
    report.slot = child->slot;
    report.pid = child->pid;
    report.state = name_of(child->state);
    report.generation = child->generation;
    report.started_at = child->started_wall_ns / 1'000'000'000;
    report.deaths = child->deaths;
    if (child->alive() && stats.slot_used(child->slot)) {
      const stats::WorkerStats& slot = stats.slot(child->slot);
      report.connections = slot.block[stats::Counter::connections_open].get();
      report.exchanges = slot.block[stats::Counter::exchanges_open].get();
      for (auto counter : {stats::Counter::requests_get, stats::Counter::requests_head,
                           stats::Counter::requests_post, stats::Counter::requests_other}) {
        report.requests += slot.block[counter].get();
      }
      base::Instant beat{static_cast<int64_t>(slot.heartbeat_ns.get())};
      if (now > beat) report.silent_ms = static_cast<uint64_t>((now - beat).count() / 1'000'000);
    }
    reports.push_back(std::move(report));
  }
  std::sort(reports.begin(), reports.end(),
            [](const auto& a, const auto& b) { return a.slot < b.slot; });
  return reports;
}

control::StatusReport Commands::status() const {
  control::StatusReport report;
  report.version = RINGWALL_VERSION;
  report.pid = getpid();
  report.state = master_.stopping() ? "stopping" : "serving";
  report.config = master_.invocation().config_path;
  report.generation = master_.generation().number;
  report.now = base::wall_now_ns() / 1'000'000'000;
  report.started_at = master_.started_wall_ns() / 1'000'000'000;
  report.workers = workers();
  for (const control::WorkerReport& worker : report.workers) {
    report.connections += worker.connections;
    report.exchanges += worker.exchanges;
  }
  stats::Totals totals = master_.estate().stats->totals();
  for (auto counter : {stats::Counter::requests_get, stats::Counter::requests_head,
                       stats::Counter::requests_post, stats::Counter::requests_other}) {
    report.requests += totals[counter];
  }
  for (const control::BackendReport& backend : backends().backends) {
    ++report.backends;
    if (backend.state == "ready") ++report.backends_ready;
  }
  if (const auto& observer = master_.estate().observer) {
    cache::Usage usage = observer->usage();
    report.cache_bytes = usage.arena_bytes;
    report.cache_reserved_bytes = usage.reserved_bytes;
    report.cache_used_bytes = usage.used_bytes;
  }
  const Generation& generation = master_.generation();
  for (size_t i = 0; i < generation.listeners.size(); ++i) {
    report.listeners.push_back(
        {generation.config.listeners[i].name, generation.listeners[i]->bound().text()});
  }
  return report;
}

}  // namespace ringwall::master
