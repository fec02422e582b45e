// Visits: walks over the chains of the index that take entries out, in slices of bounded time under
// each shard's lock. For purges and changes of size.
#pragma once

#include <cstdint>

#include "cache/pin.h"
#include "cache/process.h"

namespace ringwall::cache {

inline constexpr uint32_t slice_buckets = 64;

/// Calls `visit` for the entries in buckets [from, end) of one shard until it says that it removed
/// one (a section removes one at most) or a slice is done; `from` moves on, but not past a bucket
/// that is to be looked at again. False: the lock was busy.
template <class Visit>
bool visit_slice(Process& process, uint32_t shard_index, uint32_t& from, uint32_t end,
                 Visit& visit) {
  {
    Section section(process.base(), process.shard(shard_index).lock);
    if (!section || process.condemned()) return false;
    bool removed = false;
    for (uint32_t looked = 0; !removed && from < end && looked < slice_buckets; ++looked) {
      for (Ref ref = process.bucket(from); ref != 0 && !removed;) {
        Entry& entry = process.entry(ref);
        ref = entry.chain;
        removed = visit(section, entry);
      }
      if (!removed) ++from;
    }
  }
  settle_reclaim(process, process.own());
  return true;
}

/// The same for all of [from, end). False: the lock was held for long.
template <class Visit>
bool visit_buckets(Process& process, uint32_t shard_index, uint32_t from, uint32_t end,
                   unsigned tries, Visit& visit) {
  for (unsigned tried = 0; from < end;) {
    if (visit_slice(process, shard_index, from, end, visit)) {
      tried = 0;
    } else if (++tried >= tries) {
      return false;
    }
  }
  return true;
}

}  // namespace ringwall::cache
