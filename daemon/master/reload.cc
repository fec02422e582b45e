// The part of Master that puts another config in force: validate, prepare everywhere, then commit
// everywhere. Until the commit nothing has changed for anybody.
#include <fmt/format.h>

#include <algorithm>

#include "conf/load.h"
#include "conf/units.h"
#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/master.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

// A worker prepares within milliseconds; one that takes so long is in trouble.
constexpr base::Duration prepare_patience = 15s;
constexpr base::Duration commit_patience = 15s;
// Handshakes that were under way with a listener that goes come to their end within a round trip.
constexpr base::Duration handshake_patience = 500ms;

void say(const Master::Progress& progress, std::string_view what) {
  if (progress) progress(what);
}

/// What only a restart can change stays as it is, so that the next reload still names it.
void keep_fixed(const conf::Config& running, conf::Config& next) {
  next.control = running.control;
  next.process.user = running.process.user;
  next.process.group = running.process.group;
  next.process.pid_file = running.process.pid_file;
  next.cache.size_max = running.cache.size_max;
  next.cache.literal_lru = running.cache.literal_lru;
  next.cache.huge_pages = running.cache.huge_pages;
}

std::vector<std::string> texts(const std::vector<conf::Problem>& problems) {
  std::vector<std::string> out;
  for (const conf::Problem& problem : problems) out.push_back(problem.text());
  return out;
}

std::vector<std::string> names(const ListenerSet& listeners) {
  std::vector<std::string> out;
  for (const auto& listener : listeners) out.push_back(listener->bound().text());
  return out;
}

void log_outcome(const ReloadOutcome& outcome) {
  for (const std::string& warning : outcome.warnings) base::log_warning("{}", warning);
  if (outcome.result == ReloadOutcome::Result::refused) {
    for (const std::string& error : outcome.errors) base::log_error("{}", error);
    base::log_error("reload refused, nothing has changed: {}", outcome.reason);
    return;
  }
  base::log_notice("reloaded: generation {} is in force", outcome.generation);
  if (!outcome.reason.empty()) base::log_warning("reload: {}", outcome.reason);
  for (const std::string& key : outcome.needs_restart) {
    base::log_warning("reload: {} changes only at a restart or an upgrade", key);
  }
}

}  // namespace

io::Task<ReloadOutcome> Master::reload(Progress progress) {
  Turn turn = co_await take_turn();
  reload_queued_ = false;
  ReloadOutcome outcome;
  outcome.generation = current_->number;
  if (stopping()) {
    outcome.reason = "the daemon is stopping";
    co_return outcome;
  }
  notify_.reloading();
  say(progress, "checking the config");
  auto next = next_generation(load_config(invocation_.config_path), outcome);
  if (next) {
    co_await try_generation(std::move(*next), outcome, progress);
  } else {
    outcome.reason = next.error().what;
  }
  bool refused = outcome.result == ReloadOutcome::Result::refused;
  estate_.stats->add(refused ? stats::Counter::reloads_refused : stats::Counter::reloads_done);
  log_outcome(outcome);
  notify_.ready(refused ? "reload refused: " + outcome.reason : status_line());
  co_return outcome;
}

/// The loaded config with its sockets bound, or why it can not be had.
base::Result<std::shared_ptr<Generation>> Master::next_generation(Loaded loaded,
                                                                  ReloadOutcome& outcome) {
  outcome.warnings = texts(loaded.warnings);
  outcome.errors = texts(loaded.errors);
  outcome.config_invalid = !outcome.errors.empty();
  if (outcome.config_invalid) {
    return base::fail(fmt::format("the config has {} error{}", outcome.errors.size(),
                                  outcome.errors.size() == 1 ? "" : "s"));
  }
  if (!loaded.config) return base::fail(loaded.failure);
  auto next = std::make_shared<Generation>();
  next->number = ++last_generation_;
  next->bundle = std::move(loaded.bundle);
  next->config = std::move(*loaded.config);
  outcome.needs_restart = conf::keys_needing_restart(current_->config, next->config);
  keep_fixed(current_->config, next->config);
  fit_cache_size(next->config.cache, outcome);
  auto listeners = bind_listeners(next->config.listeners, current_->listeners, next_listener_id_,
                                  outcome.needs_restart);
  if (!listeners) return base::fail(std::move(listeners.error()));
  next->listeners = std::move(*listeners);
  // Workers ask for the places of the next generation's backends while they prepare.
  estate_.forget_names(current_->config);
  if (auto status = estate_.register_names(next->config); !status) {
    return base::fail(std::move(status.error()));
  }
  return next;
}

/// A size that the cache cannot get while it is in use stays as it is, like what is fixed.
void Master::fit_cache_size(conf::Cache& next, ReloadOutcome& outcome) const {
  const uint64_t running = current_->config.cache.size;
  const uint64_t most = estate_.observer ? estate_.cache_settings.size_max : 0;
  if (next.size == running || (next.size != 0 && next.size <= most)) return;
  outcome.needs_restart.push_back("cache.size");
  if (next.size == 0 || running == 0) {
    outcome.warnings.push_back("cache.size: a cache begins and ends only with the daemon");
  } else {
    outcome.warnings.push_back(fmt::format(
        "cache.size: {} is more than the {} to which this cache can grow; set cache.size_max to "
        "more and restart",
        conf::size_text(next.size), conf::size_text(most)));
  }
  next.size = running;
}

void Master::collect_votes(ReloadOutcome& outcome) const {
  for (const auto& child : children_.all()) {
    if (child->vote == Child::Vote::none) continue;
    bool yes = child->vote == Child::Vote::yes;
    outcome.answers.push_back({child->name(), child->pid, yes ? "prepared" : child->vote_text});
    if (!yes && outcome.reason.empty()) {
      outcome.reason = fmt::format("{}: {}", child->name(), child->vote_text);
    }
  }
}

io::Task<void> Master::try_generation(std::shared_ptr<Generation> next, ReloadOutcome& outcome,
                                      const Progress& progress) {
  const conf::Log& before = current_->config.log;
  const conf::Log& after = next->config.log;
  bool logs_changed =
      before.error_file != after.error_file || before.access_file != after.access_file;
  Logs logs;
  if (logs_changed) {
    auto opened = Logs::open(after);
    if (!opened) {
      outcome.reason = opened.error().what;
      co_return;
    }
    logs = std::move(*opened);
  }
  say(progress, "preparing");
  bool all = co_await children_.prepare(*next, prepare_patience);
  collect_votes(outcome);
  if (!all || stopping()) {
    children_.abort(next->number);
    if (outcome.reason.empty()) outcome.reason = "the daemon is stopping";
    co_return;
  }
  ListenerSet gone = removed(current_->listeners, next->listeners);
  outcome.removed = names(gone);
  outcome.added = names(removed(next->listeners, current_->listeners));
  if (!gone.empty()) {
    say(progress, "closing listeners");
    for (const auto& listener : gone) listener->hold();
    io::Until until(loop_.now() + handshake_patience);
    co_await io::Sleep(loop_, until);
  }
  put_in_force(next, std::move(logs), logs_changed);
  say(progress, "committing");
  io::Until until(loop_.now() + commit_patience);
  bool followed = co_await children_.follow(next->number, until);
  if (!followed) children_.replace_behind(next->number);
  bool grown = co_await children_.started(until);
  for (ReloadOutcome::Answer& answer : outcome.answers) {
    auto same = [&](const auto& child) { return child->pid == answer.pid; };
    auto child = std::find_if(children_.all().begin(), children_.all().end(), same);
    bool ended = child == children_.all().end();
    bool behind = !ended && (*child)->generation != next->number;
    answer.text = ended ? "ended" : behind ? "did not follow, is replaced" : "committed";
  }
  outcome.generation = next->number;
  bool whole = followed && grown && outcome.needs_restart.empty();
  outcome.result = whole ? ReloadOutcome::Result::done : ReloadOutcome::Result::partly;
  if (!followed || !grown)
    outcome.reason = "not all workers have followed in time; they are replaced";
}

void Master::put_in_force(std::shared_ptr<Generation> next, Logs logs, bool logs_changed) {
  current_ = next;
  children_.use(current_);
  Logs former;
  if (logs_changed) {
    former = std::exchange(estate_.logs, std::move(logs));
    children_.hand_down_logs(next->config.log.level);
  }
  base::set_log(next->config.log.level, estate_.logs.error_fd(), "master");
  for (size_t i = 0; i < next->listeners.size(); ++i) {
    next->listeners[i]->set_backlog(next->config.listeners[i].backlog);
  }
  children_.commit();
  if (estate_.observer) resizer_.set(next->config.cache.size);
  // Too few slots: said in the log, the rest comes with the next reload.
  if (!stopping()) (void)children_.keep_workers(next->config.process.workers);
}

}  // namespace ringwall::master
