// The boundary between a shard's two lists, and how it learns where to stand. Protected holds up to
// a share of the shard; above it protected's last is the next victim, else probation's. What is
// asked for again within a turnover of its eviction says which list was too short: the share moves
// towards the list it was evicted from by the object's part of the shard, and by as many times more
// as less was evicted from that list than from the other, so that a rare loss counts as much as a
// common one. Without this each fixed share has a kind of traffic that it fails on. Pure functions:
// the store and policy_bench run the same ones.
//
// Over ten made-up traces with caches of 2, 10 and 25 % of the footprint (policy_bench) plain LRU
// hits 48.6 % of the requests, a share that stays at a half 50.5, one of 0.8 51.7, this 52.5; at
// worst they lose to plain LRU by 9.8, 5.6 and 0.3 points.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "cache/ghosts.h"

namespace ringwall::cache {

/// Shard lock, through the undo log. Units of anything, if of the same.
struct Boundary {
  uint64_t evicted;              // units since the start: the clock of the shard's ghosts
  std::array<uint64_t, 2> lost;  // units evicted lately from probation, from protected
  uint64_t share;                // of protected, of share_whole
};
static_assert(sizeof(Boundary) == 32);

// So fine that the smallest object moves the boundary of the largest shard.
inline constexpr uint64_t share_whole = 1 << 24;
inline constexpr uint64_t share_start = share_whole / 10 * 8;
inline constexpr uint64_t share_min = share_whole / 20;
inline constexpr uint64_t share_max = share_whole - share_whole / 20;
// What one object may say: a large one has hardly more to tell than a small one.
inline constexpr double share_step_max = 0.02;

/// Whether the next victim is protected's last.
constexpr bool is_over(uint64_t share, uint64_t protected_units, uint64_t probation_units) {
  return protected_units * share_whole > (protected_units + probation_units) * share;
}

constexpr uint64_t tick_of(const Boundary& boundary, uint64_t shard_units) {
  return boundary.evicted * Ghosts::ticks_per_turnover / shard_units;
}

/// What `lost` is after an eviction from protected (`used`) or probation: of a turnover or two, the
/// older part at half its weight. Never more than shard_units in all.
constexpr std::array<uint64_t, 2> lost_after(const Boundary& boundary, bool used, uint64_t units,
                                             uint64_t shard_units) {
  std::array<uint64_t, 2> lost = boundary.lost;
  lost[used] += std::min(units, shard_units);
  if (lost[0] + lost[1] > shard_units) {
    for (uint64_t& side : lost) side /= 2;
  }
  return lost;
}

/// What `share` is after the return of something that was evicted from protected (`used`) or
/// probation.
constexpr uint64_t share_after(const Boundary& boundary, bool used, uint64_t units,
                               uint64_t shard_units) {
  const auto own = static_cast<double>(std::max<uint64_t>(boundary.lost[used], 1));
  const double rarity = std::max(1.0, static_cast<double>(boundary.lost[!used]) / own);
  const double part = rarity * static_cast<double>(units) / static_cast<double>(shard_units);
  const auto step = static_cast<uint64_t>(std::min(part, share_step_max) * share_whole);
  return used ? std::min(boundary.share + step, share_max)
              : std::max(boundary.share, share_min + step) - step;
}

}  // namespace ringwall::cache
