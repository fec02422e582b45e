// LIRS (Jiang and Zhang, SIGMETRICS 2002), in bytes: what comes back soon, counted in other objects
// between two uses, holds 99 % of the cache; the rest passes through a short queue. The stack
// remembers the order of last uses, also of objects that are not held any more.
#include <algorithm>

#include "tests/bench/policy_lists.h"

namespace ringwall::bench {
namespace {

class Lirs : public Policy {
 public:
  Lirs(const Trace& trace, uint64_t capacity)
      : stack_(trace, 1),
        queues_(trace, 2),
        close_(trace.objects()),
        capacity_(capacity),
        close_max_(capacity / 100 * 99) {}

  bool request(uint32_t object) override {
    const bool held = close_[object] || queues_.where(object) == queue;
    if (held) {
      use(object);
      return true;
    }
    const uint32_t size = stack_.size(object);
    if (size > capacity_) return false;
    while (close_bytes_ + queues_.bytes(queue) + size > capacity_) evict();
    // Read after the evictions: they may forget the object.
    const bool remembered = stack_.where(object) != Lists::nowhere;
    if (queues_.where(object) == gone) queues_.remove(object);
    if (remembered || close_bytes_ + size <= close_max_) {
      become_close(object);
    } else {
      stack_.push_front(0, object);
      queues_.push_front(queue, object);
    }
    return false;
  }

 private:
  enum Queue : unsigned { queue, gone };

  void use(uint32_t object) {
    if (close_[object]) {
      stack_.move_to_front(0, object);
      prune();
    } else if (stack_.where(object) != Lists::nowhere) {
      queues_.remove(object);
      become_close(object);
    } else {
      stack_.push_front(0, object);
      queues_.move_to_front(queue, object);
    }
  }
  void become_close(uint32_t object) {
    if (stack_.where(object) != Lists::nowhere) stack_.remove(object);
    stack_.push_front(0, object);
    close_[object] = true;
    close_bytes_ += stack_.size(object);
    while (close_bytes_ > close_max_) demote();
    prune();
  }
  // The stack's last is always one of the close, while there are any.
  void demote() {
    prune();
    const uint32_t last = stack_.back(0);
    close_[last] = false;
    close_bytes_ -= stack_.size(last);
    stack_.remove(last);
    queues_.push_front(queue, last);
    prune();
  }
  void prune() {
    for (uint32_t last = stack_.back(0); last != Lists::none && !close_[last];
         last = stack_.back(0)) {
      stack_.remove(last);
      if (queues_.where(last) == gone) queues_.remove(last);
    }
  }
  void evict() {
    if (queues_.count(queue) == 0) demote();
    const uint32_t last = queues_.back(queue);
    queues_.remove(last);
    if (stack_.where(last) == Lists::nowhere) return;
    queues_.push_front(gone, last);
    // Names of at most twice the cache.
    while (queues_.bytes(gone) > 2 * capacity_) {
      const uint32_t oldest = queues_.back(gone);
      queues_.remove(oldest);
      stack_.remove(oldest);
    }
  }

  Lists stack_;
  Lists queues_;
  std::vector<bool> close_;
  uint64_t capacity_;
  uint64_t close_max_;
  uint64_t close_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_lirs(const Trace& trace, uint64_t capacity) {
  return make_policy<Lirs>(trace, capacity);
}

}  // namespace ringwall::bench
