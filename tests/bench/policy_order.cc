// Plain LRU, and what could protect it: the two segments as they are, filters in front of them, and
// a boundary between them that learns.
#include <algorithm>
#include <array>

#include "tests/bench/policy_ghosts.h"
#include "tests/bench/policy_segmented.h"
#include "tests/bench/policy_sketch.h"

namespace ringwall::bench {
namespace {

class Lru : public Policy {
 public:
  Lru(const Trace& trace, uint64_t capacity) : lists_(trace, 1), capacity_(capacity) {}

  bool request(uint32_t object) override {
    if (lists_.where(object) != Lists::nowhere) {
      lists_.move_to_front(0, object);
      return true;
    }
    const uint32_t size = lists_.size(object);
    if (size > capacity_) return false;
    while (lists_.bytes(0) + size > capacity_) lists_.remove(lists_.back(0));
    lists_.push_front(0, object);
    return false;
  }

 private:
  Lists lists_;
  uint64_t capacity_;
};

/// An admission filter in front of the segments: what it refuses becomes the shard's next victim.
/// So it is there for those who follow its fill, and the next fill takes its room.
class Filtered : public Segmented {
 public:
  using Segmented::Segmented;

 protected:
  virtual bool admits(uint32_t object) = 0;
  void publish(uint32_t object) override {
    if (!is_full() || admits(object)) return Segmented::publish(object);
    const uint32_t last = last_of(shard_of(object));
    if (last != Lists::none) stamps_[object] = stamps_[last];
    lists_.push_back(probation(shard_of(object)), object);
  }
};

/// Refuses what was asked for no more often than the next victim (TinyLFU). Each request, hits
/// too, writes to the sketch.
class SketchFilter : public Filtered {
 public:
  SketchFilter(const Trace& trace, uint64_t capacity)
      : Filtered(trace, capacity),
        sketch_(std::max<size_t>(capacity * trace.objects() / trace.footprint, 64)) {}

  bool request(uint32_t object) override {
    sketch_.note(mix(object));
    return Filtered::request(object);
  }

 private:
  bool admits(uint32_t object) override {
    const uint32_t victim = next_victim();
    return victim == Lists::none || sketch_.uses(mix(object)) > sketch_.uses(mix(victim));
  }

  Sketch sketch_;
};

/// Counts, by shard, what was evicted.
class Turnover {
 public:
  Turnover(unsigned shards, uint64_t shard_bytes) : bytes_(shards), shard_bytes_(shard_bytes) {}
  void add(unsigned shard, uint32_t bytes) { bytes_[shard] += bytes; }
  uint64_t tick(unsigned shard) const {
    return bytes_[shard] * Ghosts::ticks_per_turnover / shard_bytes_;
  }

 private:
  std::vector<uint64_t> bytes_;
  uint64_t shard_bytes_;
};

/// Refuses what was not evicted, or refused, within the last turnover.
class GhostFilter : public Filtered {
 public:
  GhostFilter(const Trace& trace, uint64_t capacity)
      : Filtered(trace, capacity), ghosts_(capacity), turnover_(shards_, shard_bytes()) {}

 private:
  bool admits(uint32_t object) override {
    return ghosts_.take(mix(object), turnover_.tick(shard_of(object))) != Ghosts::Name::unknown;
  }
  void note_eviction(uint32_t object) override {
    const unsigned shard = shard_of(object);
    ghosts_.note(mix(object), false, turnover_.tick(shard));
    turnover_.add(shard, lists_.size(object));
  }

  Ghosts ghosts_;
  Turnover turnover_;
};

/// The segments with ghosts. Nothing is demoted: the victim is probation's last, or protected's
/// where protected holds more than its share. What comes back within a turnover of its eviction
/// goes to protected at once. And it says which of the two lists was too short: its share grows by
/// the object's part of the shard, and by as many times more as less is lost from that list than
/// from the other, so that a rare loss counts as much as a common one.
class Ghosted : public Segmented {
 public:
  Ghosted(const Trace& trace, uint64_t capacity, bool learns)
      : Segmented(trace, capacity),
        ghosts_(capacity),
        turnover_(shards_, shard_bytes()),
        boundaries_(shards_),
        learns_(learns) {}

 protected:
  void publish(uint32_t object) override {
    const unsigned shard = shard_of(object);
    const Ghosts::Name name = ghosts_.take(mix(object), turnover_.tick(shard));
    if (name == Ghosts::Name::unknown) return Segmented::publish(object);
    if (learns_) learn(boundaries_[shard], name, lists_.size(object));
    lists_.push_front(protected_(shard), object);
  }
  void promote(uint32_t object) override {
    lists_.move_to_front(protected_(shard_of(object)), object);
  }
  uint32_t last_of(unsigned shard) const override {
    const uint64_t above = lists_.bytes(protected_(shard));
    const uint64_t all = above + lists_.bytes(probation(shard));
    const bool over = above * whole > all * boundaries_[shard].share;
    return over ? lists_.back(protected_(shard)) : Segmented::last_of(shard);
  }
  void note_eviction(uint32_t object) override {
    const unsigned shard = shard_of(object);
    const bool used = lists_.where(object) == protected_(shard);
    const uint32_t size = lists_.size(object);
    ghosts_.note(mix(object), used, turnover_.tick(shard));
    turnover_.add(shard, size);
    auto& lost = boundaries_[shard].lost;
    lost[used] += size;
    if (lost[0] + lost[1] > shard_bytes()) {
      lost[0] /= 2;
      lost[1] /= 2;
    }
  }

 private:
  // So fine that the smallest object moves the boundary of the largest shard.
  static constexpr uint64_t whole = 1 << 24;
  static constexpr uint64_t share_min = whole / 20;
  static constexpr uint64_t share_max = whole - whole / 20;
  static constexpr double step_max = 0.02;

  struct Boundary {
    uint64_t share = whole / 10 * 8;    // of protected, of whole
    std::array<uint64_t, 2> lost = {};  // bytes evicted lately from probation, from protected
  };

  void learn(Boundary& boundary, Ghosts::Name name, uint32_t size) const {
    const bool used = name == Ghosts::Name::used;
    const auto own = static_cast<double>(std::max<uint64_t>(boundary.lost[used], 1));
    const double rarity = std::max(1.0, static_cast<double>(boundary.lost[!used]) / own);
    const double part = rarity * size / static_cast<double>(shard_bytes());
    const auto step = static_cast<uint64_t>(std::min(part, step_max) * whole);
    boundary.share = used ? std::min(boundary.share + step, share_max)
                          : std::max(boundary.share, share_min + step) - step;
  }

  Ghosts ghosts_;
  Turnover turnover_;
  std::vector<Boundary> boundaries_;
  bool learns_;
};

}  // namespace

std::unique_ptr<Policy> make_lru(const Trace& trace, uint64_t capacity) {
  return make_policy<Lru>(trace, capacity);
}
std::unique_ptr<Policy> make_segmented(const Trace& trace, uint64_t capacity) {
  return make_policy<Segmented>(trace, capacity);
}
std::unique_ptr<Policy> make_sketch_filter(const Trace& trace, uint64_t capacity) {
  return make_policy<SketchFilter>(trace, capacity);
}
std::unique_ptr<Policy> make_ghost_filter(const Trace& trace, uint64_t capacity) {
  return make_policy<GhostFilter>(trace, capacity);
}
std::unique_ptr<Policy> make_ghosted(const Trace& trace, uint64_t capacity) {
  return std::make_unique<Ghosted>(trace, capacity, false);
}
std::unique_ptr<Policy> make_learning(const Trace& trace, uint64_t capacity) {
  return std::make_unique<Ghosted>(trace, capacity, true);
}

}  // namespace ringwall::bench
