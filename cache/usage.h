// What the cache tells of itself, for operators: what it holds, what it did, and whether it is sound.
// Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringwall::cache {

struct Usage {
  enum class Resizing : uint8_t { no, growing, shrinking };
  uint64_t arena_bytes = 0;      // the size that was asked for last
  uint64_t arena_bytes_max = 0;  // the largest that may be asked for
  uint64_t reserved_bytes = 0;   // memory that the arena has; on its way to arena_bytes while …
  Resizing resizing = Resizing::no;
  uint64_t used_bytes = 0;       // in extents, of live entries and those in flight
  uint64_t protected_bytes = 0;  // of these in protected lists
  uint64_t content_bytes = 0;    // stored heads and contents of live entries
  uint64_t objects = 0;          // live entries
  uint64_t filling = 0;          // fills under way
  uint64_t limbo = 0;            // removed, but still pinned or sharing content
  uint64_t pinned = 0;           // pins that count; an entry pinned by two workers counts twice
  uint64_t markers = 0;          // uncacheable markers
  uint64_t purges_pending = 0;   // purges by prefix, tag or all that were not swept to their end
  // How long what would be evicted next has not been used; nothing: the cache is empty.
  std::optional<uint64_t> eviction_age_ms;
  // How much of the cache protected lists may take, 0 to 1, as learned; 0 with the literal order.
  double protected_share = 0;
};

/// The longest idle times, in seconds, that the members of Counters::evicted_idle but the last one
/// count.
inline constexpr std::array<uint32_t, 8> idle_bounds_s = {1,    10,     60,     600,
                                                          3600, 21'600, 86'400, 604'800};

/// Counters summed over all workers, dead ones included. Monotonic.
struct Counters {
  uint64_t hits = 0, misses = 0, follows = 0, fills = 0, stored = 0, abandoned = 0, uncacheable = 0;
  uint64_t evictions = 0, evicted_bytes = 0, purged = 0;  // evictions: of responses and markers
  uint64_t no_room = 0, busy = 0, recoveries = 0;
  uint64_t returned = 0;  // stored again within a turnover of their eviction
  // Of the responses that were evicted:
  uint64_t evicted_unused = 0;    // never hit
  uint64_t evicted_idle_ms = 0;   // sum of the times since they were last used, or stored
  uint64_t evicted_stored_s = 0;  // sum of the times since they were stored, or validated
  // How many, by the time since their last use.
  std::array<uint64_t, idle_bounds_s.size() + 1> evicted_idle{};

  uint64_t evicted_responses() const {
    uint64_t sum = 0;
    for (const uint64_t count : evicted_idle) sum += count;
    return sum;
  }
};

/// What Store::verify found.
struct Verified {
  uint64_t objects = 0;               // live responses looked at
  std::vector<std::string> breaches;  // of the invariants of cache/layout.h; none: it is sound
  // A lock was held for long by a process that lives (a stopped one, say): what it guards was not
  // looked at.
  bool complete = true;
};

}  // namespace ringwall::cache
