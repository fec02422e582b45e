#include "daemon/master/warmer.h"

#include <algorithm>

#include "daemon/master/children.h"
#include "daemon/proxy/warm.h"

namespace ringwall::master {
namespace {

using Outcome = proxy::Warmed::Outcome;

constexpr base::Duration look_interval = std::chrono::seconds(1);
constexpr unsigned tries_max = 2;

void count(Warmer::Run& run, size_t item, Outcome outcome, std::string why) {
  control::WarmReport& report = run.report;
  ++run.done;
  switch (outcome) {
    case Outcome::stored:
      ++report.stored;
      return;
    case Outcome::fresh:
      ++report.fresh;
      return;
    case Outcome::uncacheable:
      ++report.uncacheable;
      break;
    case Outcome::failed:
      ++report.failed;
      break;
    case Outcome::no_route:
      ++report.no_route;
      break;
  }
  report.add_problem(run.items[item].url, std::move(why));
}

}  // namespace

Warmer::Work Warmer::work_of(Children& children) {
  return {[&children](const control::Message& message) { return children.ask_worker(message); },
          [&children](pid_t pid) { return children.lives(pid); },
          [&children](Hear hear) { children.when_warmed(std::move(hear)); }};
}

Warmer::Warmer(io::Loop& loop, Work work)
    : loop_(loop), work_(std::move(work)), answered_(loop) {
  work_.listen([this](const control::Message& answer) { hear(answer); });
}

void Warmer::hear(const control::Message& answer) {
  auto found = asked_.find(answer.number);
  // Of a run that has ended, or given up for lost.
  if (found == asked_.end()) return;
  Asked asked = found->second;
  asked_.erase(found);
  bool sound = answer.numbers.size() == 2 && answer.numbers[0] < proxy::Warmed::outcomes;
  Outcome outcome = sound ? static_cast<Outcome>(answer.numbers[0]) : Outcome::failed;
  if (sound) asked.run->report.bytes += answer.numbers[1];
  count(*asked.run, asked.item, outcome, answer.text);
  answered_.notify_all();
}

/// False: no worker takes it now.
bool Warmer::ask(Asked asked) {
  control::Message message(control::Verb::warm);
  message.number = ++last_number_;
  message.text = asked.run->items[asked.item].head;
  auto pid = work_.ask(message);
  if (!pid) return false;
  asked.pid = *pid;
  asked_[message.number] = asked;
  return true;
}

size_t Warmer::under_way(const Run& run) const {
  return static_cast<size_t>(std::count_if(asked_.begin(), asked_.end(), [&run](const auto& one) {
    return one.second.run == &run;
  }));
}

void Warmer::ask_what_is_due(Run& run, Asking& asking) {
  base::Instant now = loop_.now();
  base::Duration pause(1'000'000'000 / static_cast<int64_t>(run.rate));
  // What was missed while nobody answered is not made up for at once.
  asking.next_at = std::max(asking.next_at, base::Instant{now.ns - look_interval.count()});
  size_t room = under_way_max - std::min(under_way(run), under_way_max);
  for (; room > 0 && asking.next < run.items.size() && asking.next_at <= now; --room) {
    if (!ask({&run, asking.next})) break;
    asking.answered_at = now;
    asking.next_at = asking.next_at + pause;
    ++asking.next;
  }
  if (now - asking.answered_at < patience || under_way(run) > 0) return;
  for (; asking.next < run.items.size(); ++asking.next) {
    count(run, asking.next, Outcome::failed, "no-worker");
  }
}

/// What a dead worker was asked goes to another one; the second time it has failed.
void Warmer::look_for_lost(Run& run) {
  std::vector<Asked> lost;
  std::erase_if(asked_, [&](const auto& one) {
    bool gone = one.second.run == &run && !work_.lives(one.second.pid);
    if (gone) lost.push_back(one.second);
    return gone;
  });
  for (Asked& asked : lost) {
    bool again = asked.tries++ < tries_max && ask(asked);
    if (!again) count(run, asked.item, Outcome::failed, "worker-died");
  }
}

io::Task<void> Warmer::warm(Run& run, io::Stop& gone) {
  Asking asking;
  asking.next_at = asking.answered_at = asking.told_at = loop_.now();
  while (run.done < run.items.size() && !gone.requested()) {
    look_for_lost(run);
    ask_what_is_due(run, asking);
    if (run.tell && loop_.now() - asking.told_at >= look_interval) {
      asking.told_at = loop_.now();
      run.tell();
    }
    if (run.done == run.items.size()) break;
    base::Instant look_at = loop_.now() + look_interval;
    bool more = asking.next < run.items.size() && under_way(run) < under_way_max;
    bool due = more && asking.next_at <= loop_.now();  // no worker took it
    io::Until until(more && !due ? std::min(look_at, asking.next_at) : look_at, &gone);
    co_await answered_.wait(until);
  }
  std::erase_if(asked_, [&run](const auto& one) { return one.second.run == &run; });
}

}  // namespace ringwall::master
