// Room: a run from the arena, with evictions until there is one. Bounded work per call of the face.
#pragma once

#include "cache/arena.h"
#include "cache/layout.h"

namespace ringwall::cache {

class Process;

/// Evictions that one call of the Store may make: about a millisecond.
struct Budget {
  unsigned evictions = 1024;
};

enum class Evicted : uint8_t { one, none, busy };

/// Evicts the entry that is oldest in the order; `none`: all are pinned, or the cache is empty.
Evicted evict_one(Process& process);

/// take_run, evicting while there is no run, the budget lasts and the process may.
Grant obtain_run(Process& process, uint32_t want, uint32_t least, Cell& cell, Budget& budget);

}  // namespace ringwall::cache
