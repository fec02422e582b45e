#include "daemon/master/children.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/spawn.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

// A child that drains ends itself at its deadline; this is for one that can not.
constexpr base::Duration end_patience = 2s;
// Told to end at once, a child has so long.
constexpr base::Duration stop_patience = 1s;

}  // namespace

std::string_view name_of(Child::State state) {
  switch (state) {
    case Child::State::starting:
      return "starting";
    case Child::State::ready:
      return "ready";
    case Child::State::draining:
      return "draining";
    case Child::State::waiting:
      return "waiting";
  }
  return "?";
}

std::string Child::name() const {
  return kind == worker::Kind::prober ? "prober" : fmt::format("worker {}", slot);
}

// --- places -------------------------------------------------------------------------------------

unsigned Children::free_slot() const {
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    if (!estate_.taken[slot]) return slot;
  }
  return base::slots_max;
}

void Children::add(worker::Kind kind, unsigned slot) {
  auto child = std::make_unique<Child>();
  child->kind = kind;
  child->slot = slot;
  if (kind == worker::Kind::worker) estate_.taken.set(slot);
  children_.push_back(std::move(child));
  RW_ASSERT(tasks_.spawn(keep(*children_.back())));
}

/// The wanted worker to go first: one that is outdated, else the one in the highest slot.
Child* Children::last_worker() {
  Child* last = nullptr;
  auto rank = [this](const Child& child) { return std::pair(is_outdated(child), child.slot); };
  for (const auto& child : children_) {
    if (child->kind != worker::Kind::worker || !child->wanted) continue;
    if (last == nullptr || rank(*child) > rank(*last)) last = child.get();
  }
  return last;
}

bool Children::keep_workers(unsigned count) {
  unsigned have = 0;
  for (const auto& child : children_) {
    if (child->kind == worker::Kind::worker && child->wanted) ++have;
  }
  for (; have < count; ++have) {
    unsigned slot = free_slot();
    if (slot == base::slots_max) {
      base::log_warning("no slot is free for worker {} of {}: wait until others have drained",
                        have + 1, count);
      return false;
    }
    add(worker::Kind::worker, slot);
  }
  for (; have > count; --have) {
    drain(*last_worker(), generation_->config.process.stop_deadline, false);
  }
  return true;
}

void Children::settle_all() {
  provisional_ = false;
  for (const auto& child : children_) {
    if (child->alive()) tell(*child, control::Message(control::Verb::settled));
  }
}

void Children::keep_prober() {
  for (const auto& child : children_) {
    if (child->kind == worker::Kind::prober && child->wanted) return;
  }
  add(worker::Kind::prober, 0);
}

/// The place is given up. `child` is gone afterwards.
void Children::drop(Child& child) {
  if (child.kind == worker::Kind::worker && !handed_over_) estate_.taken.reset(child.slot);
  std::erase_if(children_, [&](const auto& one) { return one.get() == &child; });
  changed_.notify_all();
}

bool Children::settled() const {
  return std::all_of(children_.begin(), children_.end(), [](const auto& child) {
    return !child->wanted || child->state == Child::State::ready;
  });
}

bool Children::closed() const {
  return std::all_of(children_.begin(), children_.end(),
                     [](const auto& child) { return child->closed || !child->alive(); });
}

io::Task<bool> Children::started(io::Until until) {
  while (!settled() && !start_failed_) {
    int ended = co_await changed_.wait(until);
    if (ended < 0) co_return false;
  }
  co_return !start_failed_;
}

// --- one child ----------------------------------------------------------------------------------

base::Status Children::start(Child& child) {
  auto ends = control::make_link();
  if (!ends) return base::fail(std::move(ends.error()));
  worker::Heritage heritage = estate_.heritage(*generation_);
  heritage.kind = child.kind;
  heritage.slot = child.slot;
  heritage.link = ends->theirs.get();
  heritage.provisional = provisional_;
  const char* kind = child.kind == worker::Kind::prober ? "prober" : "worker";
  // The running binary, even if an upgrade has put another in its place meanwhile.
  auto spawned = spawn("/proc/self/exe", {estate_.program, "--child", kind}, heritage);
  if (!spawned) return base::fail(std::move(spawned.error()));
  child.pid = spawned->pid;
  child.pidfd = std::move(spawned->pidfd);
  child.link = std::make_unique<control::Link>(loop_, std::move(ends->ours));
  child.generation = generation_->number;
  child.segment = estate_.segment;
  // What a former holder left of the cache it takes over as it attaches.
  if (child.kind == worker::Kind::worker) unrecovered_.reset(child.slot);
  child.started = base::monotonic_now();
  child.seen = child.started;
  child.started_wall_ns = base::wall_now_ns();
  child.silent = false;
  child.end_by = base::Instant::never();
  child.closed = child.kind != worker::Kind::worker;
  child.vote = Child::Vote::none;
  child.state = Child::State::starting;
  base::log_debug("{} started, pid {}", child.name(), child.pid);
  RW_ASSERT(child.reader.spawn(read_link(child)));
  return {};
}

io::Task<void> Children::keep(Child& child) {
  while (child.wanted) {
    auto status = start(child);
    if (!status) base::log_error("{}: {}", child.name(), status.error().what);
    if (child.alive()) {
      co_await io::Poll(loop_, child.pidfd.get(), POLLIN, io::Until());
      // What it still said is read before it is judged.
      child.link->shut_down();
      co_await child.reader.wait();
      reap(child);
    }
    if (!child.wanted) break;
    child.state = Child::State::waiting;
    changed_.notify_all();
    base::Duration pause = child.backoff.down(loop_.now());
    if (pause > base::Duration::zero()) {
      io::Until until(loop_.now() + pause, &child.pause);
      co_await io::Sleep(loop_, until);
    }
  }
  drop(child);
}

void Children::reap(Child& child) {
  siginfo_t info = {};
  waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED | WNOHANG);
  std::string end = describe_end(info.si_code, info.si_status);
  bool orderly = info.si_code == CLD_EXITED && info.si_status == 0;
  if (info.si_code != CLD_EXITED && is_fault(info.si_status)) note_fault(child);
  if (child.state == Child::State::starting && !orderly) start_failed_ = true;
  settle(child, orderly, end);
  if (child.vote == Child::Vote::pending) {
    child.vote = Child::Vote::no;
    child.vote_text = "ended: " + end;
  }
  child.link.reset();
  child.pidfd.reset();
  child.pid = -1;
}

io::Task<void> Children::read_link(Child& child) {
  control::Link& link = *child.link;
  for (;;) {
    auto message = co_await link.receive(io::Until());
    if (!message) co_return;
    hear(child, *message);
  }
}

void Children::hear(Child& child, const control::Message& message) {
  child.seen = std::max(child.seen, loop_.now());
  switch (message.verb) {
    case control::Verb::alive:
      return;
    case control::Verb::warmed:
      if (warmed_) warmed_(message);
      return;
    case control::Verb::ready:
      child.generation = message.generation;
      start_failed_ = false;
      if (child.state == Child::State::starting) child.state = Child::State::ready;
      child.backoff.up(loop_.now());
      base::log_info("{} (pid {}) is ready", child.name(), child.pid);
      if (message.generation != generation_->number) catch_up(child);
      break;
    case control::Verb::prepared:
      hear_vote(child, message);
      break;
    case control::Verb::committed:
      child.generation = message.generation;
      break;
    case control::Verb::closed:
      child.closed = true;
      break;
    case control::Verb::drained:
      if (message.number > 0) {
        base::log_warning("{}: {} connections were cut off at the deadline", child.name(),
                          message.number);
      }
      break;
    default:
      base::log_warning("{} sent an unexpected message: {}", child.name(),
                        control::name_of(message.verb));
  }
  changed_.notify_all();
}

// --- the end ------------------------------------------------------------------------------------

void Children::kill(Child& child) {
  if (child.alive()) ::kill(child.pid, SIGKILL);
}

void Children::drain(Child& child, base::Duration deadline, bool for_good) {
  child.wanted = false;
  child.pause.request();
  if (!child.alive()) return;
  child.state = Child::State::draining;
  child.end_by = loop_.now() + deadline + end_patience;
  control::Message message(control::Verb::drain);
  message.number = static_cast<uint64_t>(deadline.count());
  if (for_good) message.text = "for good";
  if (!child.link->send(message)) kill(child);
}

void Children::kill_overdue() {
  for (const auto& child : children_) {
    if (!child->alive() || loop_.now() < child->end_by) continue;
    if (!child->silent) {
      base::log_warning("{} (pid {}) has not ended in time and is killed", child->name(),
                        child->pid);
    }
    child->end_by = base::Instant::never();
    kill(*child);
  }
}

io::Task<void> Children::end(base::Duration deadline, bool for_good, io::Stop& hurry) {
  bool hurried = false;
  for (const auto& child : children_) {
    // A place that waits to be filled ends of itself; the list changes only when that has run.
    drain(*child, deadline, for_good);
  }
  while (!children_.empty()) {
    if (hurry.requested() && !hurried) {
      hurried = true;
      for (const auto& child : children_) {
        if (!child->alive()) continue;
        child->end_by = loop_.now() + stop_patience;
        if (!child->link->send(control::Message(control::Verb::stop))) kill(*child);
      }
    }
    base::Instant next = base::Instant::never();
    for (const auto& child : children_) next = std::min(next, child->end_by);
    io::Until until(next, hurried ? nullptr : &hurry);
    co_await changed_.wait(until);
    kill_overdue();
  }
}

io::Task<void> Children::end_prober() {
  auto is_prober = [](const auto& child) { return child->kind == worker::Kind::prober; };
  auto prober = std::find_if(children_.begin(), children_.end(), is_prober);
  if (prober == children_.end()) co_return;
  drain(**prober, base::Duration::zero(), false);
  while (std::any_of(children_.begin(), children_.end(), is_prober)) {
    co_await changed_.wait(io::Until());  // watch() ends it at its deadline
  }
}

io::Task<void> Children::finish() {
  co_await tasks_.wait();
}

}  // namespace ringwall::master
