// Plain LRU, which is the order "lru", and what protects it: two halves, filters in front of them,
// and the boundary that learns, which is the order "segmented".
#include <algorithm>
#include <atomic>
#include <bit>
#include <span>

#include "cache/boundary.h"
#include "cache/ghosts.h"
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

/// The table of ghosts of a cache, in parts by shard.
class GhostTable {
 public:
  GhostTable(unsigned shards, uint64_t capacity)
      : cells_(std::bit_ceil(std::max<uint64_t>(capacity / 4096, uint64_t{64} * shards))),
        shard_cells_(cells_.size() / shards) {}
  cache::Ghosts of(unsigned shard) {
    return cache::Ghosts(std::span(cells_).subspan(shard * shard_cells_, shard_cells_));
  }

 private:
  std::vector<std::atomic<uint32_t>> cells_;
  size_t shard_cells_;
};

uint32_t name_of(uint32_t object) {
  return static_cast<uint32_t>(mix(object));
}

/// Refuses what was not evicted, or refused, within the last turnover.
class GhostFilter : public Filtered {
 public:
  GhostFilter(const Trace& trace, uint64_t capacity)
      : Filtered(trace, capacity), ghosts_(shards_, capacity), evicted_(shards_) {}

 private:
  bool admits(uint32_t object) override {
    const unsigned shard = shard_of(object);
    return ghosts_.of(shard).take(name_of(object), tick(shard)) != cache::Ghosts::Name::unknown;
  }
  void note_eviction(uint32_t object) override {
    const unsigned shard = shard_of(object);
    ghosts_.of(shard).note(name_of(object), false, tick(shard));
    evicted_[shard] += lists_.size(object);
  }
  uint64_t tick(unsigned shard) const {
    return evicted_[shard] * cache::Ghosts::ticks_per_turnover / shard_bytes();
  }

  GhostTable ghosts_;
  std::vector<uint64_t> evicted_;  // bytes
};

/// The order of cache/lru.cc and cache/learn.cc, by the same table and the same arithmetic; with a
/// boundary that stays where it is when it is not to learn.
class Ghosted : public Segmented {
 public:
  Ghosted(const Trace& trace, uint64_t capacity, bool learns)
      : Segmented(trace, capacity),
        ghosts_(shards_, capacity),
        boundaries_(shards_, cache::Boundary{0, {}, cache::share_start}),
        learns_(learns) {}

 protected:
  void publish(uint32_t object) override {
    const unsigned shard = shard_of(object);
    cache::Boundary& boundary = boundaries_[shard];
    const auto name =
        ghosts_.of(shard).take(name_of(object), cache::tick_of(boundary, shard_bytes()));
    if (name == cache::Ghosts::Name::unknown) return Segmented::publish(object);
    const bool used = name == cache::Ghosts::Name::used;
    if (learns_) {
      boundary.share = cache::share_after(boundary, used, lists_.size(object), shard_bytes());
    }
    lists_.push_front(protected_(shard), object);
  }
  void promote(uint32_t object) override {
    lists_.move_to_front(protected_(shard_of(object)), object);
  }
  uint32_t last_of(unsigned shard) const override {
    const bool over = cache::is_over(boundaries_[shard].share, lists_.bytes(protected_(shard)),
                                     lists_.bytes(probation(shard)));
    return over ? lists_.back(protected_(shard)) : Segmented::last_of(shard);
  }
  void note_eviction(uint32_t object) override {
    const unsigned shard = shard_of(object);
    cache::Boundary& boundary = boundaries_[shard];
    const bool used = lists_.where(object) == protected_(shard);
    ghosts_.of(shard).note(name_of(object), used, cache::tick_of(boundary, shard_bytes()));
    boundary.lost = cache::lost_after(boundary, used, lists_.size(object), shard_bytes());
    boundary.evicted += lists_.size(object);
  }

 private:
  GhostTable ghosts_;
  std::vector<cache::Boundary> boundaries_;
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
