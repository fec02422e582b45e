// The part of Children that changes the config of living children, in two phases.
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
