#include "tests/bench/policy_segmented.h"

#include <algorithm>
#include <bit>

namespace ringwall::bench {
namespace {

// As in cache/lru.cc, cache/layout.h and cache/segment.cc.
constexpr unsigned demotions_max = 4;
constexpr unsigned all_shards_max = 64;
constexpr unsigned sample_shards = 16;
constexpr uint64_t exact_list_max = 1024;
constexpr uint64_t no_tail = ~uint64_t{0};

unsigned count_shards(uint64_t capacity) {
  return static_cast<unsigned>(std::bit_floor(std::clamp<uint64_t>(capacity >> 25, 1, 1024)));
}

}  // namespace

Segmented::Segmented(const Trace& trace, uint64_t capacity)
    : shards_(count_shards(capacity)),
      capacity_(capacity),
      lists_(trace, 2 * shards_),
      stamps_(trace.objects()),
      tails_(shards_, no_tail) {}

bool Segmented::request(uint32_t object) {
  ++now_;
  if (lists_.where(object) != Lists::nowhere) {
    touch(object);
    return true;
  }
  const uint32_t size = lists_.size(object);
  if (size > capacity_) return false;
  while (bytes_ + size > capacity_) evict();
  bytes_ += size;
  stamps_[object] = now_;
  publish(object);
  refresh_tail(shard_of(object));
  return false;
}

void Segmented::touch(uint32_t object) {
  const unsigned shard = shard_of(object);
  if (lists_.where(object) == probation(shard)) {
    promote(object);
  } else {
    if (!aged(protected_(shard), object)) return;
    lists_.move_to_front(protected_(shard), object);
  }
  stamps_[object] = now_;
  refresh_tail(shard);
}

bool Segmented::aged(unsigned list, uint32_t object) const {
  if (lists_.count(list) < exact_list_max) return true;
  const uint64_t oldest = stamps_[lists_.back(list)];
  if (now_ <= stamps_[object] || now_ <= oldest) return false;
  return (now_ - stamps_[object]) * 10 > now_ - oldest;
}

void Segmented::promote(uint32_t object) {
  const unsigned shard = shard_of(object);
  lists_.move_to_front(protected_(shard), object);
  demote(shard);
}

void Segmented::demote(unsigned shard) {
  for (unsigned n = 0; n < demotions_max; ++n) {
    const uint64_t above = lists_.bytes(protected_(shard));
    const uint64_t below = lists_.bytes(probation(shard));
    if (above <= below || lists_.count(protected_(shard)) <= 1) return;
    const uint32_t last = lists_.back(protected_(shard));
    const uint32_t size = lists_.size(last);
    if (above - size < below + size) return;
    lists_.move_to_front(probation(shard), last);
  }
}

uint32_t Segmented::last_of(unsigned shard) const {
  const uint32_t last = lists_.back(probation(shard));
  return last != Lists::none ? last : lists_.back(protected_(shard));
}

void Segmented::refresh_tail(unsigned shard) {
  const uint32_t last = last_of(shard);
  tails_[shard] = last == Lists::none ? no_tail : stamps_[last];
}

unsigned Segmented::oldest_shard() {
  unsigned from = 0;
  unsigned count = shards_;
  if (shards_ > all_shards_max) {
    from = next_shard_ / sample_shards * sample_shards % shards_;
    count = sample_shards;
    next_shard_ = from + sample_shards;
  }
  const auto begin = tails_.begin() + from;
  return static_cast<unsigned>(std::min_element(begin, begin + count) - tails_.begin());
}

uint32_t Segmented::next_victim() {
  return last_of(oldest_shard());
}

void Segmented::evict() {
  const uint32_t victim = next_victim();
  if (victim == Lists::none) return;  // a line of empty shards: the next one is asked
  full_ = true;
  note_eviction(victim);
  bytes_ -= lists_.size(victim);
  lists_.remove(victim);
  refresh_tail(shard_of(victim));
}

}  // namespace ringwall::bench
