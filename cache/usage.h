// Numbers of the cache as a whole: what it holds now, and what happened to it so far.
#pragma once

#include <cstdint>

namespace ringwall::cache {

struct Usage {
  enum class Resizing : uint8_t { no, growing, shrinking };
  uint64_t arena_bytes = 0;      // the size that was asked for last
  uint64_t arena_bytes_max = 0;  // the largest that may be asked for
  uint64_t reserved_bytes = 0;   // memory that the arena has; on its way to arena_bytes while …
  Resizing resizing = Resizing::no;
  uint64_t used_bytes = 0;      // in extents, of live entries and those in flight
  uint64_t content_bytes = 0;   // stored heads and contents of live entries
  uint64_t objects = 0;         // live entries
  uint64_t filling = 0;         // fills under way
  uint64_t limbo = 0;           // removed, but still pinned or sharing content
  uint64_t pinned = 0;          // pins that count; an entry pinned by two workers counts twice
  uint64_t markers = 0;         // uncacheable markers
  uint64_t purges_pending = 0;  // purges by prefix, tag or all that were not swept to their end
};

/// Counters summed over all workers, dead ones included. Monotonic.
struct Counters {
  uint64_t hits = 0, misses = 0, follows = 0, fills = 0, stored = 0, abandoned = 0, uncacheable = 0;
  uint64_t evictions = 0, evicted_bytes = 0, purged = 0;
  uint64_t no_room = 0, busy = 0, recoveries = 0;
};

}  // namespace ringwall::cache
