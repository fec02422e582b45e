#include "tests/bench/policy_offline.h"

#include <algorithm>
#include <queue>

namespace ringwall::bench {
namespace {

constexpr uint32_t never = ~uint32_t{0};

/// For each request, when its object is asked for next.
std::vector<uint32_t> find_next_uses(const Trace& trace) {
  std::vector<uint32_t> next(trace.requests.size());
  std::vector<uint32_t> seen(trace.objects(), never);
  for (auto i = static_cast<uint32_t>(next.size()); i-- > 0;) {
    uint32_t& last = seen[trace.requests[i]];
    next[i] = last;
    last = i;
  }
  return next;
}

class Belady : public Policy {
 public:
  Belady(const Trace& trace, uint64_t capacity)
      : trace_(trace),
        next_(find_next_uses(trace)),
        held_until_(trace.objects(), not_held),
        capacity_(capacity) {}

  bool request(uint32_t object) override {
    const uint32_t next = next_[now_++];
    const bool hit = held_until_[object] != not_held;
    if (hit) bytes_ -= trace_.sizes[object];
    held_until_[object] = not_held;
    if (next == never || trace_.sizes[object] > capacity_) return hit;
    held_until_[object] = next;
    bytes_ += trace_.sizes[object];
    latest_.push(next);
    while (bytes_ > capacity_) evict();
    return hit;
  }

 private:
  static constexpr uint32_t not_held = never;

  void evict() {
    const uint32_t latest = latest_.top();
    latest_.pop();
    const uint32_t object = trace_.requests[latest];
    if (held_until_[object] != latest) return;
    held_until_[object] = not_held;
    bytes_ -= trace_.sizes[object];
  }

  const Trace& trace_;
  std::vector<uint32_t> next_;
  std::vector<uint32_t> held_until_;      // the next use, a request's number
  std::priority_queue<uint32_t> latest_;  // of what is held, and of some that is not any more
  uint64_t capacity_;
  uint64_t bytes_ = 0;
  uint32_t now_ = 0;
};

struct Reuse {
  uint32_t requests;  // since the last use
  uint32_t size;
  uint64_t cost() const { return uint64_t{requests} * size; }
};

// The part of the last reuse that still fits counts: an upper bound.
double take_cheapest(const std::vector<Reuse>& reuses, double budget, bool bytes) {
  double value = 0;
  for (const Reuse& reuse : reuses) {
    const auto cost = static_cast<double>(reuse.cost());
    const double fits = std::min(1.0, budget / cost);
    value += fits * (bytes ? reuse.size : 1);
    if (fits < 1) break;
    budget -= cost;
  }
  return value;
}

}  // namespace

std::unique_ptr<Policy> make_belady(const Trace& trace, uint64_t capacity) {
  return make_policy<Belady>(trace, capacity);
}

Bound compute_bound(const Trace& trace, uint64_t capacity) {
  const std::vector<uint32_t> next = find_next_uses(trace);
  std::vector<Reuse> reuses;
  double bytes = 0;
  for (uint32_t i = 0; i < next.size(); ++i) {
    const uint32_t size = trace.sizes[trace.requests[i]];
    bytes += size;
    if (next[i] != never) reuses.push_back({next[i] - i, size});
  }
  const double requests = static_cast<double>(next.size());
  const double budget = static_cast<double>(capacity) * requests;
  Bound bound;
  std::ranges::sort(reuses, {}, &Reuse::cost);
  bound.objects = take_cheapest(reuses, budget, false) / requests;
  std::ranges::sort(reuses, {}, &Reuse::requests);
  bound.bytes = take_cheapest(reuses, budget, true) / bytes;
  return bound;
}

}  // namespace ringwall::bench
