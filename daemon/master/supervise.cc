// The part of Children that judges: who is dead of what, who is silent for too long.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/children.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration watch_interval = 250ms;
// Mapping a large cache takes its time; a child that starts has at least so long.
constexpr base::Duration start_patience = 30s;
// A silent child has so long for its crash report.
constexpr base::Duration report_patience = 300ms;

// Of all workers, one each watch_interval: two seconds are ample for taking a ring apart.
constexpr unsigned looks_after_death = 8;

}  // namespace

/// Releases what the dead process held in shared memory, and reports its death.
void Children::settle(Child& child, bool orderly, const std::string& end) {
  std::string doing;
  uint64_t lost = 0;
  if (child.kind == worker::Kind::worker && !handed_over_) {
    doing = estate_.stats->panic_text(child.slot);
    if (estate_.stats->slot_used(child.slot)) {
      lost = estate_.stats->slot(child.slot).block[stats::Counter::exchanges_open].get();
    }
    // Both before the slot is used again.
    recover(child.slot);
    estate_.stats->retire(child.slot);
    looks_ = looks_after_death;
    let_all_look();
  }
  if (orderly) {
    base::log_info("{} (pid {}) has ended", child.name(), child.pid);
    return;
  }
  if (!child.wanted) {
    base::log_notice("{} (pid {}) ended by {}; {} exchanges were cut off", child.name(), child.pid,
                     end, lost);
    return;
  }
  ++child.deaths;
  if (child.kind == worker::Kind::worker) {
    estate_.stats->add(child.silent ? stats::Counter::workers_silent
                                    : stats::Counter::workers_crashed);
  }
  base::log_error("{} (pid {}) died{}: {}; exchanges in flight: {}{}{}", child.name(), child.pid,
                  child.silent ? " (killed, it gave no sign of life)" : "", end, lost,
                  doing.empty() ? "" : "; ", doing);
}

/// Releases what the dead holder of a slot had of the cache; again later if not all could be.
void Children::recover(unsigned slot) {
  bool all = !estate_.observer || (!estate_.suspect && estate_.observer->recover(slot));
  unrecovered_.set(slot, !all);
}

/// The cache may be what it died of, or be damaged by what it died of. Until that is known it is left
/// to others to touch: a worker that is started in the slot recovers it too.
void Children::note_fault(const Child& child) {
  bool concerns = child.kind == worker::Kind::worker && child.segment == estate_.segment;
  if (!concerns || !estate_.observer || estate_.observer->condemned()) return;
  estate_.suspect = true;
  ++faults_.all;
  if (!child.silent) ++faults_.sudden;
  faulted_.notify_all();
}

/// The kernel wakes one waiter for a connection that comes. The ring of a dead worker is taken apart
/// behind its death, and until then that one may be it: the connection would wait for the next.
void Children::let_all_look() {
  const control::Message look(control::Verb::look);
  for (const auto& child : children_) {
    bool accepts = child->alive() && child->kind == worker::Kind::worker &&
                   child->state == Child::State::ready;
    if (accepts) tell(*child, look);
  }
}

void Children::judge(Child& child, base::Instant now) {
  if (child.kind == worker::Kind::worker && estate_.stats->slot_used(child.slot)) {
    base::Instant beat{static_cast<int64_t>(estate_.stats->slot(child.slot).heartbeat_ns.get())};
    child.seen = std::max(child.seen, beat);
  }
  base::Duration limit = generation_->config.process.heartbeat_deadline;
  if (child.state == Child::State::starting) limit = std::max(limit, start_patience);
  if (now - child.seen <= limit || child.silent) return;
  base::log_error("{} (pid {}) gave no sign of life for {} ms and is killed", child.name(),
                  child.pid, (now - child.seen).count() / 1'000'000);
  child.silent = true;
  // One that spins can still say what it was doing; a stopped one hears only what comes next.
  ::kill(child.pid, SIGABRT);
  child.end_by = std::min(child.end_by, now + report_patience);
}

io::Task<void> Children::watch(io::Stop& stop) {
  base::Instant last = loop_.now();
  while (!stop.requested()) {
    io::Until until(loop_.now() + watch_interval, &stop);
    co_await io::Sleep(loop_, until);
    base::Duration limit = generation_->config.process.heartbeat_deadline;
    base::Instant now = loop_.now();
    // If it is this process that stood still, the others may just not have been let run either.
    bool late = now - last > limit / 2;
    last = now;
    for (const auto& child : children_) {
      if (late) child->seen = now;
      if (child->alive()) judge(*child, now);
    }
    kill_overdue();
    if (looks_ > 0) {
      --looks_;
      let_all_look();
    }
    for (unsigned slot = 0; unrecovered_.any() && slot < base::slots_max; ++slot) {
      if (unrecovered_[slot]) recover(slot);
    }
  }
}

// --- requests that are made to warm the cache ---------------------------------------------------

std::optional<pid_t> Children::ask_worker(const control::Message& message) {
  for (size_t n = 0; n < children_.size(); ++n) {
    Child& child = *children_[next_asked_++ % children_.size()];
    bool ready = child.kind == worker::Kind::worker && child.state == Child::State::ready;
    if (ready && child.alive() && child.link->send(message)) return child.pid;
  }
  return std::nullopt;
}

bool Children::lives(pid_t pid) const {
  return std::any_of(children_.begin(), children_.end(),
                     [pid](const auto& child) { return child->pid == pid; });
}

}  // namespace ringwall::master
