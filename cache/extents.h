// How a fill adds extents to its entry and gives back what it did not need. The filler's alone.
#pragma once

#include "cache/layout.h"
#include "cache/process.h"
#include "cache/room.h"

namespace ringwall::cache {

/// Takes one more extent of `want` units, or shorter where the arena is short of long runs, behind
/// the last. Requires: the entry is extended, and its data begins somewhere.
Grant add_extent(Process& process, Entry& entry, FillState& fill, Ticket& ticket, uint32_t want,
                 Budget& budget);

/// Shortens the entry's own run to `units`, if it is longer. False: busy, it stays as it is.
bool trim_own_run(Process& process, Entry& entry, FillState& fill, uint32_t units);

/// Gives back what the fill has reserved but not written. False: busy, the rest stays until the
/// entry goes.
bool trim_extents(Process& process, Entry& entry, FillState& fill);

}  // namespace ringwall::cache
