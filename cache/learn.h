// What a shard learns from what it evicted: names it, knows it again when it is stored anew, and
// moves the boundary between the two lists (cache/boundary.h, cache/ghosts.h). With the literal
// order all of it is left out. In the shard's section.
#pragma once

#include "cache/ghosts.h"
#include "cache/layout.h"

namespace ringwall::cache {

class Process;

/// The shard's part of the table. Requires: the order is not the literal one.
Ghosts ghosts_of(const Process& process, uint32_t shard_index);

/// The list that a response enters as it becomes live: protected where it was evicted within the
/// last turnover, which moves the boundary.
ListName admit(Process& process, Section& section, Shard& shard, const Entry& entry);

/// Names a response that is about to be evicted. Requires: it is live and in a list.
void note_eviction(Process& process, Section& section, Shard& shard, const Entry& entry);

}  // namespace ringwall::cache
