#include "cache/room.h"

#include <algorithm>

#include "cache/learn.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

// Sections without a victim (all that was looked at is pinned) before one evict_one gives up.
constexpr unsigned fruitless_max = 64;

/// When an eviction takes place, by both clocks.
struct Now {
  uint64_t ns;
  int64_t wall_s;
};

// What operators see of how old the cache's oldest is.
void count_ages(Process& process, const Entry& victim, Now now) {
  // Others may have used it since the clocks were read, and the wall clock may have been put back.
  const uint64_t idle_ms = now.ns > victim.stamp ? (now.ns - victim.stamp) / 1'000'000 : 0;
  const auto bound = std::ranges::lower_bound(idle_bounds_s, idle_ms, {},
                                              [](uint32_t s) { return uint64_t{s} * 1000; });
  const int64_t stored_s = now.wall_s - static_cast<int64_t>(victim.facts.response_time_s);
  process.count(Count::evicted_idle, 1, static_cast<size_t>(bound - idle_bounds_s.begin()));
  process.count(Count::evicted_idle_ms, idle_ms);
  process.count(Count::evicted_stored_s, static_cast<uint64_t>(std::max<int64_t>(stored_s, 0)));
  if (victim.hits == 0) process.count(Count::evicted_unused);
}

Evicted evict_from(Process& process, Shard& shard, uint32_t index) {
  const Now now{process.exact_stamp(), base::wall_now_ns() / 1'000'000'000};
  Section section(process.base(), shard.lock);
  if (!section) return Evicted::busy;
  Entry* victim = choose_victim(process, section, shard);
  if (victim != nullptr) {
    process.count(Count::evictions);
    process.count(Count::evicted_bytes, victim->charged_units * unit_bytes);
    const State state = victim->state.load(std::memory_order_relaxed);
    if (state == State::live) {
      note_eviction(process, section, shard, *victim);
      count_ages(process, *victim, now);
    }
    remove(process, section, shard, *victim,
           state == State::marker ? State::unmarked : State::removed);
  }
  refresh_tail(process, shard, index);
  return victim == nullptr ? Evicted::none : Evicted::one;
}

// What others left in limbo and nobody pins any more.
bool reap_all(Process& process) {
  for (uint32_t i = 0; i < process.super().shard_count; ++i) {
    Shard& shard = process.shard(i);
    if (shard.limbo.count > 0) reap(process, shard);
  }
  return process.own().reclaim.load() == 0;
}

}  // namespace

Evicted evict_one(Process& process) {
  if (!settle_reclaim(process, process.own())) return Evicted::busy;
  const uint32_t shards = process.super().shard_count;
  for (unsigned fruitless = 0; fruitless < fruitless_max; ++fruitless) {
    Shard* shard = oldest_shard(process);
    // Tail stamps are hints: where they name none, the shards are asked in turn.
    if (shard == nullptr) shard = &process.shard(process.next_shard++ % shards);
    const auto index = static_cast<uint32_t>(shard - &process.shard(0));
    const Evicted evicted = evict_from(process, *shard, index);
    if (evicted == Evicted::none) continue;
    if (evicted == Evicted::busy || settle_reclaim(process, process.own())) return evicted;
    return Evicted::busy;
  }
  return Evicted::none;
}

Grant obtain_run(Process& process, uint32_t want, uint32_t least, Cell& cell, Budget& budget) {
  bool reaped = false;
  for (;;) {
    const Grant grant = take_run(process, want, least, cell);
    const bool evicts = process.may_evict && budget.evictions > 0;
    if (grant != Grant::no_room || !evicts) return grant;
    --budget.evictions;
    switch (evict_one(process)) {
      case Evicted::one:
        break;
      case Evicted::busy:
        return Grant::busy;
      case Evicted::none:
        if (reaped) return Grant::no_room;
        reaped = true;
        if (!reap_all(process)) return Grant::busy;
    }
  }
}

}  // namespace ringwall::cache
