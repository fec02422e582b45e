// The part of Master that gives everything to a new master (another binary, usually), and the part
// that takes it from an old one.
//
//   old                                    new
//   executes the new binary ─────────────► loads the config, starts workers in free slots
//   serves as before                       ... all ready
//                       ◄───── taken_over ─
//   stops its prober and control socket
//   handover (pidfds) ───────────────────► opens the control socket, starts its prober
//   drains its workers, ends               settles the old workers' slots as they end
//
// Up to taken_over the old one can go on as if nothing had happened, and does if the new one fails.
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "daemon/base/log.h"
#include "daemon/io/operations.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"
#include "daemon/master/spawn.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

// Longer than the new one waits for its workers.
constexpr base::Duration upgrade_patience = 90s;
constexpr base::Duration handover_patience = 10s;
constexpr base::Duration recover_pause = 50ms;

}  // namespace

// --- the old one --------------------------------------------------------------------------------

worker::Heritage Master::heritage_of_next_master(int link) const {
  worker::Heritage heritage = estate_.heritage(*current_);
  heritage.kind = worker::Kind::master;
  heritage.link = link;
  heritage.bundle = -1;       // it reads the file anew
  heritage.identity.reset();  // it stays who we are, and finds its children's identity itself
  heritage.access_log = -1;   // it opens its own
  heritage.error_log = -1;
  worker::Heritage::Takeover takeover;
  takeover.control = commands_->listening_fd();
  takeover.control_path = current_->config.control.socket;
  takeover.next_listener_id = next_listener_id_;
  takeover.cache_layout = cache::layout_version();
  takeover.cache_size_max = estate_.cache_settings.size_max;
  takeover.literal_lru = estate_.cache_settings.literal_lru;
  takeover.huge_pages = estate_.cache_settings.huge_pages;
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    if (estate_.taken[slot]) takeover.slots.push_back(slot);
  }
  heritage.takeover = std::move(takeover);
  return heritage;
}

io::Task<UpgradeOutcome> Master::upgrade(Progress progress) {
  Turn turn = co_await take_turn();
  UpgradeOutcome outcome;
  if (stopping()) {
    outcome.reason = "the daemon is stopping";
    co_return outcome;
  }
  auto ends = control::make_link();
  if (!ends) {
    outcome.reason = ends.error().what;
    co_return outcome;
  }
  auto spawned = spawn(invocation_.executable, invocation_.arguments,
                       heritage_of_next_master(ends->theirs.get()));
  ends->theirs.reset();
  if (!spawned) {
    outcome.reason = spawned.error().what;
    base::log_error("upgrade failed, serving goes on: {}", outcome.reason);
    co_return outcome;
  }
  base::log_notice("upgrade: {} runs as pid {}", invocation_.executable, spawned->pid);
  if (progress) progress("the new binary is starting its workers");
  control::Link link(loop_, std::move(ends->ours));
  outcome.reason = co_await await_takeover(link, spawned->pidfd.get());
  if (!outcome.reason.empty()) {
    ::kill(spawned->pid, SIGKILL);
    io::Poll ended(loop_, spawned->pidfd.get(), POLLIN, io::Until());
    co_await ended;
    waitpid(spawned->pid, nullptr, 0);
    base::log_error("upgrade failed, serving goes on: {}", outcome.reason);
    co_return outcome;
  }
  if (progress) progress("the new workers serve; the old ones drain");
  co_await children_.end_prober();
  co_await commands_->hand_over();
  hand_over(link, spawned->pid);
  outcome.done = true;
  outcome.pid = spawned->pid;
  co_return outcome;
}

/// Empty when the new master serves; else why it does not.
io::Task<std::string> Master::await_takeover(control::Link& link, int pidfd) {
  auto answer = co_await link.receive(io::Until(loop_.now() + upgrade_patience));
  if (answer && answer->verb == control::Verb::taken_over) co_return std::string();
  if (answer && answer->verb == control::Verb::failed) co_return answer->text;
  pollfd end = {pidfd, POLLIN, 0};
  bool dead = ::poll(&end, 1, 0) == 1;
  co_return std::string(dead ? "the new binary ended; see the error log"
                             : "the new binary did not take over: " + answer.error().what);
}

void Master::hand_over(control::Link& link, pid_t next) {
  notify_.main_pid(next);
  control::Message handover(control::Verb::handover);
  std::vector<int> descriptors;
  for (const auto& child : children_.all()) {
    if (child->kind != worker::Kind::worker || !child->alive()) continue;
    handover.numbers.push_back(child->slot);
    descriptors.push_back(child->pidfd.get());
  }
  auto sent = link.send(handover, descriptors);
  if (!sent) base::log_error("upgrade: {}", sent.error().what);
  children_.hand_over();
  resizer_.leave();
  for (const auto& listener : current_->listeners) listener->leave();
  base::log_notice("upgrade: pid {} has taken over; draining", next);
  stop(StopMode::handed_over);
}

// --- the new one --------------------------------------------------------------------------------

io::Task<void> Master::take_over() {
  control::Link& link = *inheritance_->link;
  auto sent = link.send(control::Message(control::Verb::taken_over));
  if (!sent) base::log_warning("upgrade: {}", sent.error().what);
  auto handover = co_await link.receive(io::Until(loop_.now() + handover_patience));
  if (handover && handover->verb == control::Verb::handover &&
      handover->numbers.size() == handover->descriptors.size()) {
    std::vector<uint64_t> left = handover->numbers;
    for (uint64_t slot : inheritance_->slots) {
      // Not among them: empty already, and settled by the old master.
      if (std::find(left.begin(), left.end(), slot) == left.end()) estate_.taken.reset(slot);
    }
    for (size_t i = 0; i < left.size(); ++i) {
      tasks_.spawn(watch_old_worker(static_cast<unsigned>(left[i] % base::slots_max),
                                    std::move(handover->descriptors[i])));
    }
  } else {
    // Its workers may live on; their slots stay taken, there are as many more.
    base::log_warning("the old master ended without telling which of its workers drain");
  }
  if (inheritance_->control_path != current_->config.control.socket) {
    unlink(inheritance_->control_path.c_str());
  }
  inheritance_.reset();
  for (const auto& listener : current_->listeners) listener->claim();
  children_.settle_all();
  children_.keep_prober();
}

/// The upgrade has failed on this side: all that was inherited stays the old master's.
io::Task<void> Master::leave_to_old_master(std::string why) {
  control::Message failed(control::Verb::failed);
  failed.text = std::move(why);
  auto sent = inheritance_->link->send(failed);
  if (!sent) base::log_warning("upgrade: {}", sent.error().what);
  co_await commands_->hand_over();
}

/// Settles the slot of an old master's worker when that has ended.
io::Task<void> Master::watch_old_worker(unsigned slot, base::UniqueFd pidfd) {
  int events = co_await io::Poll(loop_, pidfd.get(), POLLIN, io::Until(&stop_));
  if (events < 0) co_return;
  // Its own master reaps it, which may take a moment; until then it counts as living.
  while (estate_.observer && !estate_.observer->recover(slot)) {
    io::Until until(loop_.now() + recover_pause, &stop_);
    co_await io::Sleep(loop_, until);
    if (stop_.requested()) co_return;
  }
  estate_.stats->retire(slot);
  estate_.taken.reset(slot);
}

}  // namespace ringwall::master
