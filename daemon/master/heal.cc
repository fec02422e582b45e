#include "daemon/master/heal.h"

#include "daemon/base/log.h"
#include "daemon/io/operations.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

// How soon the condemnation by another master is seen, and workers that could not be replaced are
// tried again.
constexpr base::Duration look_interval = 1s;
// For memory, or for what keeps a check from being made.
constexpr base::Duration retry_interval = 10s;
// Of a check that could not be made, within one examination.
constexpr unsigned tries_max = 5;
constexpr base::Duration try_pause = 2s;

}  // namespace

std::string_view name_of(Heal::Ending ending) {
  switch (ending) {
    case Heal::Ending::kept:
      return "kept";
    case Heal::Ending::replaced:
      return "replaced";
    case Heal::Ending::off:
      return "off";
  }
  return "?";
}

/// A verdict that counts: damage only if it is found twice.
io::Task<Check> Heal::decide(io::Stop& stop) {
  Check first;
  Check check;
  for (unsigned tries = 1;; ++tries) {
    CheckRun run = hands_.checker();
    check = co_await run_check(loop_, std::move(run), stop);
    if (stop.requested()) co_return check;
    bool damaged = check.verdict == Check::Verdict::damaged;
    if (damaged && first.findings.empty()) {
      base::log_error("cache: damage found, checking again: {}", check.text());
      first = check;
      continue;
    }
    if (check.verdict != Check::Verdict::undecided || tries >= tries_max) break;
    io::Until until(loop_.now() + try_pause, &stop);
    co_await io::Sleep(loop_, until);
  }
  if (check.verdict == Check::Verdict::sound && !first.findings.empty()) {
    base::log_warning("cache: the second check found nothing, the segment is kept");
  }
  if (check.verdict == Check::Verdict::undecided && !first.findings.empty()) check = first;
  // Nobody who serves holds a lock for so long, and one that stands still would have been killed.
  if (check.held) check.verdict = Check::Verdict::damaged;
  co_return check;
}

io::Task<Heal::Outcome> Heal::examine(io::Stop& stop) {
  while (busy_) co_await free_.wait(io::Until());
  busy_ = true;
  uint64_t segment = estate_.segment;
  Outcome outcome;
  bool there = estate_.observer && !estate_.observer->condemned();
  if (there) outcome.check = co_await decide(stop);
  // Another may have come while it was looked at.
  there = there && estate_.segment == segment && estate_.observer;
  if (!there) outcome.check = Check();
  switch (outcome.check.verdict) {
    case Check::Verdict::undecided:
      break;
    case Check::Verdict::sound:
      base::log_info("cache: checked, {} responses, nothing found", outcome.check.objects);
      estate_.stats->add(stats::Counter::cache_checks_sound);
      estate_.suspect = false;
      if (policy_.replace_sound(loop_.now())) {
        outcome.ending = co_await replace_as_precaution();
      }
      break;
    case Check::Verdict::damaged:
      estate_.stats->add(stats::Counter::cache_checks_damaged);
      outcome.ending = co_await replace_damaged(outcome.check.text());
      break;
  }
  busy_ = false;
  free_.notify_one();
  co_return outcome;
}

io::Task<Heal::Ending> Heal::replace_damaged(std::string findings) {
  estate_.observer->condemn();
  estate_.stats->add(stats::Counter::cache_given_up_damaged);
  off_ = !policy_.replace_damaged(loop_.now());
  if (off_) {
    base::log_error(
        "cache: the segment is damaged again, and was replaced {} times within the last "
        "{} minutes: the cache is switched off until a restart or an upgrade; found: {}",
        HealPolicy::replacements_max,
        std::chrono::minutes(HealPolicy::replacements_time / 1min).count(), findings);
  } else {
    base::log_error("cache: the segment is damaged and is replaced by an empty one; found: {}",
                    findings);
  }
  if (!hands_.stopping()) co_await hands_.renew(!off_);
  co_return off_ ? Ending::off : Ending::replaced;
}

io::Task<Heal::Ending> Heal::replace_as_precaution() {
  base::log_error(
      "cache: workers die again and again; nothing is found wrong with the segment, but "
      "it is replaced by an empty one as a precaution");
  estate_.observer->condemn();
  estate_.stats->add(stats::Counter::cache_given_up_crashes);
  if (!hands_.stopping()) co_await hands_.renew(true);
  co_return Ending::replaced;
}

/// There is to be a cache, but it is not.
bool Heal::missing() const {
  return estate_.cache_settings.size > 0 && !off_ &&
         (!estate_.observer || estate_.observer->condemned());
}

bool Heal::note_faults() {
  const Children::Faults& now = children_.faults();
  for (; seen_.sudden < now.sudden; ++seen_.sudden) policy_.crashed(loop_.now());
  bool any = seen_.all < now.all;
  seen_.all = now.all;
  return any;
}

/// A check that is due.
io::Task<void> Heal::look(io::Stop& stop) {
  Outcome outcome = co_await examine(stop);
  bool failed = outcome.check.verdict == Check::Verdict::undecided && estate_.observer &&
                !outcome.check.findings.empty();
  due_ = failed || estate_.suspect;
  if (!failed || stop.requested()) co_return;
  base::log_error("cache: the segment could not be checked, which is tried again: {}",
                  outcome.check.text());
}

io::Task<void> Heal::keep(io::Stop& stop, bool look_first) {
  due_ = look_first;
  while (!stop.requested()) {
    base::Duration pause = look_interval;
    if (note_faults()) due_ = true;
    if (missing() || children_.outdated() > 0) {
      if (!hands_.stopping()) co_await hands_.renew(!off_);
      if (missing()) pause = retry_interval;
    } else if (due_ && estate_.observer) {
      co_await look(stop);
      if (due_) pause = retry_interval;
    }
    if (seen_.all != children_.faults().all) continue;
    io::Until until(loop_.now() + pause, &stop);
    co_await children_.faulted().wait(until);
  }
}

}  // namespace ringwall::master
