// W-TinyLFU, fixed and with a climbing window, and GDSF.
#include <algorithm>
#include <cmath>
#include <queue>

#include "tests/bench/policy_lists.h"
#include "tests/bench/policy_sketch.h"

namespace ringwall::bench {
namespace {

/// W-TinyLFU (Einziger, Friedman and Manes, 2017): new objects enter a window in LRU order; what
/// leaves it enters the main cache, two segments of 20 and 80 %, only if it was asked for more
/// often than what would have to go. The climbing form is Caffeine's: after each sample the window
/// grows or shrinks, on in the same direction as long as the hit ratio does not fall.
class WTinyLfu : public Policy {
 public:
  WTinyLfu(const Trace& trace, uint64_t capacity, bool climbs)
      : lists_(trace, 3),
        sketch_(objects_in(trace, capacity)),
        capacity_(capacity),
        sample_(10 * objects_in(trace, capacity)),
        climbs_(climbs) {}

  bool request(uint32_t object) override {
    sketch_.note(mix(object));
    const bool hit = lists_.where(object) != Lists::nowhere;
    if (climbs_) climb(hit);
    if (hit) {
      use(object);
    } else if (lists_.size(object) <= capacity_) {
      lists_.push_front(window, object);
      drain_window();
    }
    return hit;
  }

 private:
  enum List : unsigned { window, probation, protected_ };

  static size_t objects_in(const Trace& trace, uint64_t capacity) {
    return std::max<size_t>(capacity * trace.objects() / trace.footprint, 64);
  }
  uint64_t window_max() const { return part(window_share_); }
  uint64_t protected_max() const { return part((1 - window_share_) * 0.8); }
  uint64_t part(double share) const {
    return static_cast<uint64_t>(share * static_cast<double>(capacity_));
  }

  void use(uint32_t object) {
    if (lists_.where(object) == window) return lists_.move_to_front(window, object);
    lists_.move_to_front(protected_, object);
    while (lists_.bytes(protected_) > protected_max())
      lists_.move_to_front(probation, lists_.back(protected_));
  }
  void drain_window() {
    while (lists_.bytes(window) > window_max()) {
      const uint32_t object = lists_.back(window);
      lists_.remove(object);
      if (admits(object)) lists_.push_front(probation, object);
    }
    while (total() > capacity_) evict_main();
  }
  // Against all that would have to go together (the paper's "aggregated victims").
  bool admits(uint32_t object) {
    const unsigned wanted = sketch_.uses(mix(object));
    uint64_t freed = 0;
    unsigned lost = 0;
    uint32_t last = Lists::none;
    for (uint32_t at = oldest(); total() + lists_.size(object) > capacity_ + freed;
         at = next_younger(at)) {
      if (at == Lists::none) return false;
      lost += sketch_.uses(mix(at));
      if (lost >= wanted) return false;
      freed += lists_.size(at);
      last = at;
    }
    while (last != Lists::none) {
      const uint32_t victim = oldest();
      lists_.remove(victim);
      if (victim == last) break;
    }
    return true;
  }
  uint32_t oldest() const {
    return lists_.back(lists_.count(probation) > 0 ? probation : protected_);
  }
  uint32_t next_younger(uint32_t object) const {
    const uint32_t next = lists_.younger(object);
    if (next != Lists::none || lists_.where(object) == protected_) return next;
    return lists_.back(protected_);
  }
  void evict_main() {
    const uint32_t victim = oldest();
    lists_.remove(victim == Lists::none ? lists_.back(window) : victim);
  }
  uint64_t total() const {
    return lists_.bytes(window) + lists_.bytes(probation) + lists_.bytes(protected_);
  }

  void climb(bool hit) {
    hits_ += hit;
    if (++requests_ < sample_) return;
    const double ratio = static_cast<double>(hits_) / static_cast<double>(requests_);
    const double change = ratio - last_ratio_;
    if (change < 0) step_ = -step_;
    window_share_ = std::clamp(window_share_ + step_, 0.01, 0.8);
    if (std::abs(change) >= 0.05) {
      step_ = std::copysign(0.0625, step_);
    } else {
      step_ *= 0.98;
    }
    last_ratio_ = ratio;
    hits_ = requests_ = 0;
    while (lists_.bytes(protected_) > protected_max())
      lists_.move_to_front(probation, lists_.back(protected_));
    drain_window();
  }

  Lists lists_;
  Sketch sketch_;
  uint64_t capacity_;
  size_t sample_;
  bool climbs_;
  double window_share_ = 0.01;
  double step_ = 0.0625;
  double last_ratio_ = 0;
  size_t hits_ = 0;
  size_t requests_ = 0;
};

/// GreedyDual-Size-Frequency (Cherkasova, 1998) with cost 1: the object with the least uses per
/// byte goes, where age counts as a rising floor. For the object hit ratio.
class Gdsf : public Policy {
 public:
  Gdsf(const Trace& trace, uint64_t capacity)
      : sizes_(trace.sizes), uses_(trace.objects()), ranks_(trace.objects()), capacity_(capacity) {}

  bool request(uint32_t object) override {
    const bool hit = uses_[object] > 0;
    const uint32_t size = sizes_[object];
    if (size > capacity_) return false;
    if (!hit) {
      while (bytes_ + size > capacity_) evict();
      bytes_ += size;
    }
    ++uses_[object];
    ranks_[object] = floor_ + static_cast<double>(uses_[object]) / size;
    order_.push({ranks_[object], object});
    return hit;
  }

 private:
  using Place = std::pair<double, uint32_t>;

  void evict() {
    for (;;) {
      const auto [rank, object] = order_.top();
      order_.pop();
      // Places from before the last use are stale.
      if (uses_[object] == 0 || rank != ranks_[object]) continue;
      floor_ = rank;
      uses_[object] = 0;
      bytes_ -= sizes_[object];
      return;
    }
  }

  const std::vector<uint32_t>& sizes_;
  std::vector<uint32_t> uses_;  // while held
  std::vector<double> ranks_;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> order_;
  uint64_t capacity_;
  uint64_t bytes_ = 0;
  double floor_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_w_tiny_lfu(const Trace& trace, uint64_t capacity) {
  return std::make_unique<WTinyLfu>(trace, capacity, false);
}
std::unique_ptr<Policy> make_climbing_w_tiny_lfu(const Trace& trace, uint64_t capacity) {
  return std::make_unique<WTinyLfu>(trace, capacity, true);
}
std::unique_ptr<Policy> make_gdsf(const Trace& trace, uint64_t capacity) {
  return make_policy<Gdsf>(trace, capacity);
}

}  // namespace ringwall::bench
