// SIEVE, S3-FIFO and ARC, by their papers, in bytes where those count pages.
#include <algorithm>

#include "tests/bench/policy_lists.h"

namespace ringwall::bench {
namespace {

/// SIEVE (Zhang and others, NSDI 2024): one queue; a hand goes from old to young, spares what was
/// used since it last came by, and evicts the first that was not.
class Sieve : public Policy {
 public:
  Sieve(const Trace& trace, uint64_t capacity)
      : lists_(trace, 1), used_(trace.objects()), capacity_(capacity) {}

  bool request(uint32_t object) override {
    if (lists_.where(object) != Lists::nowhere) {
      used_[object] = true;
      return true;
    }
    const uint32_t size = lists_.size(object);
    if (size > capacity_) return false;
    while (lists_.bytes(0) + size > capacity_) evict();
    lists_.push_front(0, object);
    used_[object] = false;
    return false;
  }

 private:
  void evict() {
    uint32_t at = hand_ == Lists::none ? lists_.back(0) : hand_;
    while (used_[at]) {
      used_[at] = false;
      at = lists_.younger(at);
      if (at == Lists::none) at = lists_.back(0);
    }
    hand_ = lists_.younger(at);
    lists_.remove(at);
  }

  Lists lists_;
  std::vector<bool> used_;
  uint64_t capacity_;
  uint32_t hand_ = Lists::none;
};

/// S3-FIFO (Yang and others, SOSP 2023): new objects wait in a small queue of a tenth; those used
/// more than once there, and those that come back while their name is remembered, go to the main
/// queue, which gives what was used another round.
class S3Fifo : public Policy {
 public:
  S3Fifo(const Trace& trace, uint64_t capacity)
      : lists_(trace, 3), uses_(trace.objects()), capacity_(capacity) {}

  bool request(uint32_t object) override {
    const unsigned where = lists_.where(object);
    if (where == small || where == main) {
      uses_[object] = static_cast<uint8_t>(std::min(uses_[object] + 1, 3));
      return true;
    }
    const uint32_t size = lists_.size(object);
    if (size > capacity_) return false;
    if (where == ghost) lists_.remove(object);
    while (lists_.bytes(small) + lists_.bytes(main) + size > capacity_) evict();
    uses_[object] = 0;
    lists_.push_front(where == ghost || size > capacity_ / 10 ? main : small, object);
    return false;
  }

 private:
  enum List : unsigned { small, main, ghost };

  void evict() {
    if (lists_.bytes(small) > capacity_ / 10 || lists_.count(main) == 0) {
      evict_small();
    } else {
      evict_main();
    }
  }
  void evict_small() {
    const uint32_t last = lists_.back(small);
    if (last == Lists::none) return evict_main();
    if (uses_[last] > 1) {
      uses_[last] = 0;
      lists_.move_to_front(main, last);
      return;
    }
    lists_.move_to_front(ghost, last);
    while (lists_.bytes(ghost) > capacity_ / 10 * 9) lists_.remove(lists_.back(ghost));
  }
  void evict_main() {
    for (;;) {
      const uint32_t last = lists_.back(main);
      if (uses_[last] == 0) return lists_.remove(last);
      --uses_[last];
      lists_.move_to_front(main, last);
    }
  }

  Lists lists_;
  std::vector<uint8_t> uses_;
  uint64_t capacity_;
};

/// ARC (Megiddo and Modha, FAST 2003): one list for what was used once, one for the rest, and the
/// names of what each lost lately; a name that comes back makes its list's share grow.
class Arc : public Policy {
 public:
  Arc(const Trace& trace, uint64_t capacity) : lists_(trace, 4), capacity_(capacity) {}

  bool request(uint32_t object) override {
    const unsigned where = lists_.where(object);
    if (where == once || where == often) {
      lists_.move_to_front(often, object);
      return true;
    }
    const uint32_t size = lists_.size(object);
    if (size > capacity_) return false;
    if (where != Lists::nowhere) {
      learn(where, size);
      lists_.remove(object);
    }
    make_room(size, where == often_gone);
    lists_.push_front(where == Lists::nowhere ? once : often, object);
    forget();
    return false;
  }

 private:
  enum List : unsigned { once, often, once_gone, often_gone };

  void learn(unsigned where, uint32_t size) {
    const auto one = static_cast<double>(std::max<uint64_t>(lists_.bytes(once_gone), 1));
    const auto other = static_cast<double>(std::max<uint64_t>(lists_.bytes(often_gone), 1));
    if (where == once_gone) {
      target_ += std::max(other / one, 1.0) * size;
    } else {
      target_ -= std::max(one / other, 1.0) * size;
    }
    target_ = std::clamp(target_, 0.0, static_cast<double>(capacity_));
  }
  void make_room(uint32_t size, bool often_returns) {
    while (lists_.bytes(once) + lists_.bytes(often) + size > capacity_) {
      const auto held = static_cast<double>(lists_.bytes(once));
      const bool over = held > target_ || (often_returns && held >= target_);
      const bool from_once = lists_.count(often) == 0 || (lists_.count(once) > 0 && over);
      lists_.move_to_front(from_once ? once_gone : often_gone,
                           lists_.back(from_once ? once : often));
    }
  }
  void forget() {
    while (lists_.count(once_gone) > 0 &&
           lists_.bytes(once) + lists_.bytes(once_gone) > capacity_) {
      lists_.remove(lists_.back(once_gone));
    }
    while (lists_.count(often_gone) > 0 && total() > 2 * capacity_)
      lists_.remove(lists_.back(often_gone));
  }
  uint64_t total() const {
    return lists_.bytes(once) + lists_.bytes(often) + lists_.bytes(once_gone) +
           lists_.bytes(often_gone);
  }

  Lists lists_;
  uint64_t capacity_;
  double target_ = 0;  // bytes that `once` should have
};

}  // namespace

std::unique_ptr<Policy> make_sieve(const Trace& trace, uint64_t capacity) {
  return make_policy<Sieve>(trace, capacity);
}
std::unique_ptr<Policy> make_s3_fifo(const Trace& trace, uint64_t capacity) {
  return make_policy<S3Fifo>(trace, capacity);
}
std::unique_ptr<Policy> make_arc(const Trace& trace, uint64_t capacity) {
  return make_policy<Arc>(trace, capacity);
}

}  // namespace ringwall::bench
