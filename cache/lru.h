// The order of eviction: in each shard two lists, probation for what was used once and protected
// for what was used again, or asked for again soon after its eviction (cache/learn.h). The next
// victim is protected's last where that list holds more than its share of the shard, else
// probation's; with the literal order all is in probation. Across shards the oldest victim goes
// first, so all shards share one budget.
// All functions need the shard's section except oldest_shard.
#pragma once

#include "cache/layout.h"

namespace ringwall::cache {

class Process;

/// Puts an entry first into a list, or takes it out of the one it is in (limbo too).
void link_list(Process& process, Section& section, Shard& shard, Entry& entry, ListName name);
void unlink_list(Process& process, Section& section, Shard& shard, Entry& entry);
/// Puts an entry last, to go before all that is there: into protected if it was used `again` and that
/// has room, else into probation. Its stamp becomes no younger than that of the one before it.
void append_list(Process& process, Section& section, Shard& shard, Entry& entry, bool again);

/// A use: moves the entry where the order wants it, or leaves it when it is young enough. Whether
/// the shard's next victim may be another one now.
bool touch(Process& process, Section& section, Shard& shard, Entry& entry, uint64_t stamp);

/// The entry to evict next: the last of the list that is too long, else of the other; pinned ones
/// are moved to the front, at most 4. Nothing: none found in this section.
Entry* choose_victim(Process& process, Section& section, Shard& shard);

/// Publishes the stamp of the shard's next victim. Call when a list may have changed.
void refresh_tail(Process& process, Shard& shard, uint32_t index);

/// The shard whose victim is oldest: of all up to 64 shards, above that of the next 16 in turn.
/// Nothing: the shards looked at seem empty.
Shard* oldest_shard(Process& process);

}  // namespace ringwall::cache
