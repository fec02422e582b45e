// What the cache tells of itself in numbers and words, for operators. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringwall::cache {

struct Usage {
  uint64_t arena_bytes = 0;     // in all
  uint64_t reserved_bytes = 0;  // of these in use by the arena; grows to all after the start
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

/// What Store::verify found.
struct Verified {
  uint64_t objects = 0;               // live responses looked at
  std::vector<std::string> breaches;  // of the invariants of cache/layout.h; none: it is sound
  // A lock was held for long by a process that lives (a stopped one, say): what it guards was not
  // looked at.
  bool complete = true;
};

}  // namespace ringwall::cache
