// Segmented: the lists of cache/lru.cc, as they are there: shards of 32 MiB, in each a probation
// and a protected list, stamps that move only when they have aged, one victim for all shards by the
// oldest stamp. But protected holds a half at most, and gives what is more back to probation's
// front. What stands in front of it, or moves its boundary, derives from it and says otherwise at
// three places: where a fill is published, what is evicted next, and what is noted of it.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/policy_lists.h"

namespace ringwall::bench {

class Segmented : public Policy {
 public:
  Segmented(const Trace& trace, uint64_t capacity);
  bool request(uint32_t object) override;

 protected:
  /// A fill is complete and there is room for it: puts it into a list of its shard.
  virtual void publish(uint32_t object) { lists_.push_front(probation(shard_of(object)), object); }
  /// The shard's next victim; none: the shard is empty.
  virtual uint32_t last_of(unsigned shard) const;
  /// Called before a victim is taken out.
  virtual void note_eviction(uint32_t) {}
  /// A hit in probation: into protected.
  virtual void promote(uint32_t object);

  static unsigned probation(unsigned shard) { return 2 * shard; }
  static unsigned protected_(unsigned shard) { return 2 * shard + 1; }
  unsigned shard_of(uint32_t object) const {
    return static_cast<unsigned>(mix(object) >> 32) & (shards_ - 1);
  }
  uint64_t shard_bytes() const { return capacity_ / shards_; }
  bool is_full() const { return full_; }
  /// What would be evicted now; none: nothing is held.
  uint32_t next_victim();

  unsigned shards_;
  uint64_t capacity_;
  Lists lists_;
  std::vector<uint64_t> stamps_;

 private:
  void touch(uint32_t object);
  bool aged(unsigned list, uint32_t object) const;
  void demote(unsigned shard);
  unsigned oldest_shard();
  void refresh_tail(unsigned shard);
  void evict();

  std::vector<uint64_t> tails_;  // stamp of each shard's next victim
  uint64_t now_ = 0;
  uint64_t bytes_ = 0;
  unsigned next_shard_ = 0;
  bool full_ = false;  // something was evicted
};

}  // namespace ringwall::bench
