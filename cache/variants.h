// Variants: the entries of one key, each for the requests that its selectors fit. The walk over
// them that a lookup makes, and what the end of a fill removes of them. All need the section of the
// key's shard.
#pragma once

#include "cache/process.h"

namespace ringwall::cache {

/// What a lookup finds of its key.
struct Variants {
  Entry* live = nullptr;   // the youngest stored response that fits the request
  Entry* fill = nullptr;   // the youngest fill that does
  Entry* model = nullptr;  // one whose selectors tell by which fields the key's responses differ
  bool marked = false;     // remembered as uncacheable, for now
  bool others = false;     // stored responses that do not fit
  Use use = Use::replace;  // what the lookup's rule says of `live`
};

/// What the lookup's rule says of a stored response.
inline Use judge(const Entry& entry, const Lookup& lookup) {
  const Candidate candidate{entry.facts, entry.hits, is_marked(entry, mark::soft),
                            entry.link.load(std::memory_order_relaxed)};
  return lookup.use == nullptr ? Use::serve : lookup.use(candidate, lookup.context);
}

/// Walks the key's entries; stops at a response that serves. Takes out what pending purges concern,
/// one entry at most; follow with settle_owed.
Variants survey(Process& process, Section& section, const Lookup& lookup, uint32_t hash);

/// Removes what `entry`, which is about to be stored or has just been, takes the place of:
/// responses of its key with equal selectors, or none, or all when it has none; those that share
/// its content; old markers; and where more than `variants_max` (0: any number) stay, the one used
/// longest ago. Two at most.
struct Replaced {
  bool more = false;          // there is more to remove
  bool was_protected = false;  // one of them was used more than once
};
Replaced remove_replaced(Process& process, Section& section, Shard& shard, Entry& entry,
                     unsigned variants_max);

/// Whether `entry`, which is to be put back, would take the place of another response of its key, or
/// of a marker that holds at `now`, or is one variant too many.
bool is_taken(const Process& process, Entry& entry, unsigned variants_max, base::WallSeconds now);

}  // namespace ringwall::cache
