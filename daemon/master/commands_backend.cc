// The part of Commands that is about backends: their numbers, and the operator's overrides, which
// lie over the file in the stats segment and stay through reloads.
#include <fmt/format.h>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

using control::Outcome;
using control::RpcError;
using stats::BackendCounter;

constexpr base::Duration drain_look = 20ms;

uint64_t ms_until(base::Instant then, base::Instant now) {
  if (then.is_never() || then <= now) return 0;
  return static_cast<uint64_t>((then - now).count() / 1'000'000);
}

}  // namespace

std::vector<Commands::Place> Commands::places() const {
  std::vector<Place> out;
  for (const conf::Upstream& upstream : master_.generation().config.upstreams) {
    for (const conf::Backend& backend : upstream.backends) {
      auto index = master_.estate().stats->find_backend(upstream.name, backend.name);
      if (index) out.push_back({&upstream, &backend, *index});
    }
  }
  return out;
}

base::Result<Commands::Place, RpcError> Commands::find_place(const std::string& name) const {
  std::vector<Place> meant;
  std::string names;
  for (const Place& place : places()) {
    if (!control::means_backend(name, place.upstream->name, place.backend->name)) continue;
    meant.push_back(place);
    names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", place.upstream->name,
                         place.backend->name);
  }
  if (meant.size() == 1) return meant.front();
  if (meant.empty()) {
    return base::fail(
        RpcError(Outcome::nothing_matched, fmt::format("there is no backend \"{}\"", name)));
  }
  return base::fail(RpcError(Outcome::usage, fmt::format("several are meant: {}", names)));
}

std::string Commands::state_of(const Place& place) const {
  const Estate& estate = master_.estate();
  stats::Override override_now = estate.stats->override_of(place.index, base::monotonic_now());
  if (override_now != stats::Override::none) return std::string(stats::name_of(override_now));
  if (!place.backend->host.empty()) {
    upstream::Resolved resolved;
    bool known =
        estate.resolved->read(place.index, place.backend->host, place.backend->port, resolved);
    if (!known || resolved.count == 0) return "unresolved";
  }
  stats::BackendTotals totals = estate.stats->read_backend(place.index);
  return totals[BackendCounter::ejected] > 0 ? "ejected" : "ready";
}

control::BackendReport Commands::report_of(const Place& place) const {
  const stats::Segment& stats = *master_.estate().stats;
  stats::BackendTotals totals = stats.read_backend(place.index);
  base::Instant now = base::monotonic_now();
  control::BackendReport report;
  report.upstream = place.upstream->name;
  report.backend = place.backend->name;
  report.state = state_of(place);
  report.weight = place.backend->weight;
  report.active = totals[BackendCounter::active];
  report.waiting = totals[BackendCounter::waiting];
  report.kept = totals[BackendCounter::kept];
  report.requests = totals[BackendCounter::requests];
  report.responses_5xx = totals[BackendCounter::responses_5xx];
  report.failures = totals[BackendCounter::failures];
  uint64_t responses = totals[BackendCounter::first_bytes];
  if (responses > 0) report.first_byte_us = totals[BackendCounter::first_byte_us] / responses;
  report.ejected_workers = totals[BackendCounter::ejected];
  base::Instant until{static_cast<int64_t>(totals[BackendCounter::ejected_until_ns])};
  if (report.ejected_workers > 0) report.ejected_ms = ms_until(until, now);
  report.override_ms = ms_until(stats.override_state(place.index).until, now);
  return report;
}

control::BackendListReport Commands::backends() const {
  control::BackendListReport report;
  for (const Place& place : places()) report.backends.push_back(report_of(place));
  return report;
}

control::BackendChangeReport Commands::set_override(const Place& place, bool drain) {
  stats::Segment& stats = *master_.estate().stats;
  control::BackendChangeReport report;
  report.upstream = place.upstream->name;
  report.backend = place.backend->name;
  report.before = state_of(place);
  stats::Override wanted = drain ? stats::Override::drain : stats::Override::none;
  report.changed = stats.override_of(place.index, base::monotonic_now()) != wanted;
  stats::OverrideState state;
  state.state = wanted;
  stats.set_override(place.index, state);
  report.after = state_of(place);
  report.active = stats.read_backend(place.index)[BackendCounter::active];
  if (report.changed) {
    base::log_notice("backend {}/{}: {} by the operator, was {}", report.upstream, report.backend,
                     drain ? "drain" : "ready", report.before);
  }
  return report;
}

control::Answer Commands::backend_ready(const Call& call) {
  auto params = control::read_params<control::ReadyParams>(call.request);
  if (!params) return base::fail(std::move(params.error()));
  auto place = find_place(params->backend);
  if (!place) return base::fail(std::move(place.error()));
  return control::encode(set_override(*place, false));
}

io::Task<control::Answer> Commands::backend_drain(const Call& call) {
  auto params = control::read_params<control::DrainParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  auto place = find_place(params->backend);
  if (!place) co_return base::fail(std::move(place.error()));
  control::BackendChangeReport report = set_override(*place, true);
  if (!params->wait) co_return control::encode(report);
  io::Loop& loop = master_.loop();
  base::Instant deadline = params->timeout_ms == 0
                               ? base::Instant::never()
                               : loop.now() + std::chrono::milliseconds(std::min<uint64_t>(
                                                  params->timeout_ms, 365ull * 86400 * 1000));
  uint64_t told = ~uint64_t{0};
  // The place stays the backend's as long as a generation names it.
  uint32_t index = place->index;
  for (;;) {
    report.active = master_.estate().stats->read_backend(index)[BackendCounter::active];
    if (report.active == 0) co_return control::encode(report);
    if (report.active != std::exchange(told, report.active)) {
      call.progress(fmt::format("{} exchanges in flight", report.active));
    }
    if (loop.now() >= deadline || call.gone.requested()) break;
    io::Until until(std::min(loop.now() + drain_look, deadline), &call.gone);
    co_await io::Sleep(loop, until);
  }
  co_return base::fail(RpcError(Outcome::timed_out,
                                fmt::format("{} exchanges are still in flight", report.active),
                                control::encode(report)));
}

}  // namespace ringwall::master
