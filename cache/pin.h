// Pins and the end of entries.
//
// A pin is a bit per worker slot in the entry, set under the shard lock and cleared by one atomic
// `and` without it; the process counts for itself how often it pins. Bits count while their slot is
// alive, so one store drops all pins of a dead worker. An entry that is removed while pinned, or
// while others share its content (cache/body.h), waits in its shard's limbo list; otherwise the
// remover's slot takes it over in `reclaim` and takes it apart run by run, resumable by a recoverer
// at each step.
#pragma once

#include "cache/layout.h"

namespace ringwall::cache {

class Process;

inline bool is_pinned(const Superblock& super, const Entry& entry) {
  const auto relaxed = std::memory_order_relaxed;
  return ((entry.pins[0].load(std::memory_order_acquire) & super.alive[0].load(relaxed)) |
          (entry.pins[1].load(std::memory_order_acquire) & super.alive[1].load(relaxed))) != 0;
}

/// Requires: the shard's section, or that the process pins the entry already.
void pin(Process& process, Entry& entry);
/// Without a section. The entry must not be touched afterwards.
void unpin(Process& process, Entry& entry);
/// Inside the shard's section: drops one pin of this process.
void unpin_in_section(Process& process, Entry& entry);

/// Takes an entry out of chain and list in state `end`; its runs go to this slot's `reclaim` or the
/// entry to limbo. Requires: the shard's section, state not dead. Follow with settle_reclaim.
void remove(Process& process, Section& section, Shard& shard, Entry& entry, State end);

/// The same for a response or a marker that is no longer wanted, whatever the process does with it.
void take_out(Process& process, Section& section, Entry& entry);

/// Takes apart what `slot` has in `reclaim`; false: a lock was busy, call again later.
bool settle_reclaim(Process& process, Slot& slot);

/// Reclaims what is in the shard's limbo and no longer pinned; false: a lock was busy.
bool reap(Process& process, Shard& shard);

}  // namespace ringwall::cache
