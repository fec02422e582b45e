// The part of Children that changes the config of living children, in two phases, and that replaces
// workers whose cache segment has been replaced.
#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/master/children.h"

namespace ringwall::master {

void Children::tell(Child& child, const control::Message& message,
                    const std::vector<int>& descriptors) {
  // One that can not be told any more is dying; the next in its place starts with what is in force.
  auto sent = child.link->send(message, descriptors);
  if (!sent) base::log_debug("{}: {}", child.name(), sent.error().what);
}

void Children::send_prepare(Child& child, const Generation& next) {
  control::Message message(control::Verb::prepare, next.number);
  std::vector<int> descriptors = {next.bundle.get()};
  for (const auto& listener : next.listeners) {
    message.numbers.push_back(listener->id());
    descriptors.push_back(listener->fd());
  }
  child.vote = Child::Vote::pending;
  child.vote_text.clear();
  if (auto sent = child.link->send(message, descriptors); !sent) {
    child.vote = Child::Vote::no;
    child.vote_text = sent.error().what;
  }
}

void Children::hear_vote(Child& child, const control::Message& message) {
  bool yes = message.text.empty();
  if (child.vote == Child::Vote::pending) {
    child.vote = yes ? Child::Vote::yes : Child::Vote::no;
    child.vote_text = message.text;
  } else if (!yes) {
    // It was to catch up with what is in force already. A new process starts with that.
    base::log_error("{} cannot take up the config in force: {}; it is replaced", child.name(),
                    message.text);
    tell(child, control::Message(control::Verb::stop));
  }
}

io::Task<bool> Children::prepare(const Generation& next, base::Duration patience) {
  for (const auto& child : children_) {
    child->vote = Child::Vote::none;
    if (child->state == Child::State::ready) send_prepare(*child, next);
  }
  io::Until until(loop_.now() + patience);
  auto pending = [](const auto& child) { return child->vote == Child::Vote::pending; };
  while (std::any_of(children_.begin(), children_.end(), pending)) {
    int ended = co_await changed_.wait(until);
    if (ended < 0) break;
  }
  bool all = true;
  for (const auto& child : children_) {
    if (child->vote == Child::Vote::pending) {
      child->vote = Child::Vote::no;
      child->vote_text = "no answer in time";
    }
    all = all && child->vote != Child::Vote::no;
  }
  co_return all;
}

void Children::commit() {
  for (const auto& child : children_) {
    if (child->state != Child::State::ready) continue;
    if (child->vote == Child::Vote::yes) {
      tell(*child, control::Message(control::Verb::commit, generation_->number));
    } else {
      catch_up(*child);  // born after the vote
    }
  }
}

void Children::abort(uint64_t generation) {
  for (const auto& child : children_) {
    if (!child->alive() || child->vote == Child::Vote::none) continue;
    tell(*child, control::Message(control::Verb::abort, generation));
    child->vote = Child::Vote::none;
  }
}

/// A child that was started before a reload and became ready after it.
void Children::catch_up(Child& child) {
  send_prepare(child, *generation_);
  child.vote = Child::Vote::none;
  tell(child, control::Message(control::Verb::commit, generation_->number));
}

io::Task<bool> Children::follow(uint64_t generation, io::Until until) {
  auto behind = [&](const auto& child) {
    return child->state == Child::State::ready && child->generation < generation;
  };
  while (std::any_of(children_.begin(), children_.end(), behind)) {
    int ended = co_await changed_.wait(until);
    if (ended < 0) co_return false;
  }
  co_return true;
}

void Children::replace_behind(uint64_t generation) {
  for (const auto& child : children_) {
    if (child->state != Child::State::ready || child->generation >= generation) continue;
    base::log_error("{} (pid {}) does not take up the config in force and is replaced",
                    child->name(), child->pid);
    kill(*child);
  }
}

bool Children::is_outdated(const Child& child) const {
  return child.kind == worker::Kind::worker && child.wanted && child.alive() &&
         child.segment != estate_.segment;
}

unsigned Children::outdated() const {
  return static_cast<unsigned>(
      std::count_if(children_.begin(), children_.end(),
                    [this](const auto& child) { return is_outdated(*child); }));
}

/// Of the workers with the segment of now: those that are ready, or those that are not yet.
unsigned Children::fresh_workers(bool ready) const {
  return static_cast<unsigned>(
      std::count_if(children_.begin(), children_.end(), [&](const auto& child) {
        return child->kind == worker::Kind::worker && child->wanted && !is_outdated(*child) &&
               (child->state == Child::State::ready) == ready;
      }));
}

io::Task<bool> Children::renew_workers(io::Until until) {
  unsigned count = generation_->config.process.workers;
  for (unsigned more = count - std::min(count, fresh_workers(true) + fresh_workers(false));
       more > 0 && free_slot() < base::slots_max; --more) {
    add(worker::Kind::worker, free_slot());
  }
  while (outdated() > 0 && fresh_workers(false) > 0) {
    int ended = co_await changed_.wait(until);
    if (ended < 0) break;
  }
  // Where few could be started the others serve on without a cache.
  unsigned ready = fresh_workers(true);
  unsigned missing = fresh_workers(false) == 0 && ready > 0 ? 0 : count - std::min(count, ready);
  while (outdated() > missing) {
    drain(*last_worker(), generation_->config.process.stop_deadline, false);
  }
  co_return missing == 0 && ready >= count;
}

void Children::hand_down_logs(base::LogLevel level) {
  control::Message message(control::Verb::reopen_logs);
  message.number = static_cast<uint64_t>(level);
  std::vector<int> descriptors = {estate_.logs.error_fd()};
  if (estate_.logs.access_fd() >= 0) descriptors.push_back(estate_.logs.access_fd());
  for (const auto& child : children_) {
    if (child->alive()) tell(*child, message, descriptors);
  }
}

}  // namespace ringwall::master
