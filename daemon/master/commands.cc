#include "daemon/master/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/control/encoding.h"
#include "daemon/master/master.h"
#include "daemon/master/routed_keys.h"
#include "daemon/proxy/metrics.h"
#include "daemon/stats/prometheus.h"
#include "daemon/worker/privileges.h"

namespace ringwall::master {

using control::Json;
using control::Method;
using control::Outcome;
using control::RpcError;

Commands::Commands(Master& master) : master_(master), server_(master.loop(), *this) {}

Commands::~Commands() = default;

// --- the socket ---------------------------------------------------------------------------------

base::Status Commands::open(const conf::Control& settings, base::UniqueFd inherited) {
  std::optional<gid_t> group;
  if (!settings.group.empty()) {
    auto found = worker::find_group(settings.group);
    if (!found) return base::fail(std::move(found.error()));
    group = *found;
  }
  group_ = group.value_or(getegid());
  if (inherited) {
    listening_ = std::move(inherited);
  } else {
    auto bound = control::bind_control_socket(settings.socket, group);
    if (!bound) return base::fail(std::move(bound.error()));
    listening_ = std::move(*bound);
  }
  path_ = settings.socket;
  return {};
}

void Commands::begin() {
  server_.begin(listening_.get(), group_);
}

io::Task<void> Commands::hand_over() {
  co_await server_.stop_listening();
  listening_.reset();
}

io::Task<void> Commands::end() {
  co_await server_.end();
  if (listening_) unlink(path_.c_str());
  listening_.reset();
}

// --- dispatch -----------------------------------------------------------------------------------

io::Task<control::Answer> Commands::answer(const Call& call) {
  switch (call.method.method) {
    case Method::reload:
      co_return co_await reload(call);
    case Method::upgrade:
      co_return co_await upgrade(call);
    case Method::cache_verify:
      co_return co_await cache_verify();
    case Method::cache_purge:
      co_return co_await cache_purge(call);
    case Method::cache_list:
      co_return co_await cache_list(call);
    case Method::cache_top:
      co_return co_await cache_top(call);
    case Method::cache_snapshot_save:
      co_return co_await save_snapshot(call);
    case Method::cache_snapshot_load:
      co_return co_await load_snapshot(call);
    case Method::cache_warm:
      co_return co_await cache_warm(call);
    case Method::backend_drain:
      co_return co_await backend_drain(call);
    default:
      co_return answer_now(call);
  }
}

/// The methods that wait for nothing.
control::Answer Commands::answer_now(const Call& call) {
  if (call.method.params.empty()) {
    auto none = control::read_params<control::NoParams>(call.request);
    if (!none) return base::fail(std::move(none.error()));
  }
  switch (call.method.method) {
    case Method::status:
      return control::encode(status());
    case Method::worker_list: {
      control::WorkerListReport report;
      report.workers = workers();
      return control::encode(report);
    }
    case Method::stats:
      return stats();
    case Method::metrics:
      return metrics();
    case Method::reopen_logs:
      return reopen_logs();
    case Method::cache_usage:
      return cache_usage();
    case Method::cache_stats:
      return cache_stats();
    case Method::cache_explain:
      return cache_explain(call);
    case Method::backend_list:
      return control::encode(backends());
    case Method::backend_ready:
      return backend_ready(call);
    case Method::stop:
      return stop(call);
    default:
      return base::fail(RpcError(control::rpc_internal_error, "the method is not answered"));
  }
}

// --- numbers ------------------------------------------------------------------------------------

control::Answer Commands::stats() const {
  control::StatsReport report;
  report.now = base::wall_now_ns() / 1'000'000'000;
  report.started_at = master_.started_wall_ns() / 1'000'000'000;
  stats::Totals totals = master_.estate().stats->totals();
  std::span<const stats::Row> rows = stats::rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].name.empty()) continue;
    control::CounterReport counter;
    counter.name = rows[i].name;
    counter.labels = rows[i].labels;
    counter.kind = rows[i].kind == stats::Kind::counter ? "counter" : "gauge";
    counter.value = totals.values[i];
    report.counters.push_back(std::move(counter));
  }
  return control::encode(report);
}

control::Answer Commands::metrics() const {
  control::MetricsReport report;
  report.media_type = stats::prometheus_media_type;
  const auto& observer = master_.estate().observer;
  report.text = proxy::metrics_text(*master_.estate().stats, observer ? &*observer : nullptr);
  return control::encode(report);
}

// --- changes ------------------------------------------------------------------------------------

control::Answer Commands::reopen_logs() {
  auto reopened = master_.reopen_logs();
  if (!reopened) return base::fail(RpcError(Outcome::failed, reopened.error().what));
  control::ReopenReport report;
  const conf::Log& log = master_.generation().config.log;
  for (const std::string& file : {log.error_file, log.access_file}) {
    if (!file.empty() && file != "stdout" && file != "stderr") report.files.push_back(file);
  }
  return control::encode(report);
}

control::Answer Commands::stop(const Call& call) {
  auto params = control::read_params<control::StopParams>(call.request);
  if (!params) return base::fail(std::move(params.error()));
  control::StopReport report;
  report.mode = params->graceful ? "graceful" : "fast";
  base::log_notice("{} stop asked for through the control socket", report.mode);
  master_.stop(params->graceful ? StopMode::graceful : StopMode::fast);
  return control::encode(report);
}

io::Task<control::Answer> Commands::reload(const Call& call) {
  auto none = control::read_params<control::NoParams>(call.request);
  if (!none) co_return base::fail(std::move(none.error()));
  ReloadOutcome outcome = co_await master_.reload(call.progress);
  control::ReloadReport report;
  using Result = ReloadOutcome::Result;
  bool refused = outcome.result == Result::refused;
  report.result = refused ? "refused" : outcome.result == Result::done ? "done" : "partly";
  report.generation = outcome.generation;
  report.reason = outcome.reason;
  report.errors = std::move(outcome.errors);
  report.warnings = std::move(outcome.warnings);
  report.needs_restart = std::move(outcome.needs_restart);
  report.listeners_added = std::move(outcome.added);
  report.listeners_removed = std::move(outcome.removed);
  for (const ReloadOutcome::Answer& one : outcome.answers) {
    report.answers.push_back({one.child, one.pid, one.text});
  }
  if (!refused) co_return control::encode(report);
  Outcome code = outcome.config_invalid ? Outcome::config_invalid : Outcome::refused;
  co_return base::fail(RpcError(code, outcome.reason, control::encode(report)));
}

io::Task<control::Answer> Commands::upgrade(const Call& call) {
  auto none = control::read_params<control::NoParams>(call.request);
  if (!none) co_return base::fail(std::move(none.error()));
  UpgradeOutcome outcome = co_await master_.upgrade(call.progress);
  if (!outcome.done) co_return base::fail(RpcError(Outcome::refused, outcome.reason));
  control::UpgradeReport report;
  report.pid = outcome.pid;
  co_return control::encode(report);
}

}  // namespace ringwall::master
