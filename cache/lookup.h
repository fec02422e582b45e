// One lookup, step by step: what the key's entries come to for the request, and the permit to fill
// where nothing stored answers. Store::find puts the steps together.
#pragma once

#include <variant>

#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/variants.h"

namespace ringwall::cache {

/// What a lookup comes to.
enum class Way : uint8_t { hit, follow, marked, alone, fill };

/// A way, and what it gives, pinned: the hit or the fill to follow (or, once published, the own),
/// and the stored response beside it.
struct Look {
  Way way = Way::fill;
  Entry* entry = nullptr;
  Entry* stored = nullptr;
  bool refresh = false;  // beside a hit: the permit may be had
  bool variants = false;
  size_t described = 0;  // bytes of the request's own selectors, where a permit is wanted
};

/// A response that serves is pinned, counted and moved in the order. Inside the shard's section.
inline void hit(Process& process, Section& section, Entry& entry, base::WallSeconds now) {
  Shard& shard = process.shard_of(entry);
  process.count(Count::hits);
  pin(process, entry);
  __atomic_store_n(&entry.hits, entry.hits + 1, __ATOMIC_RELAXED);
  if (touch(process, section, shard, entry, process.stamp(now))) {
    refresh_tail(process, shard, process.shard_index(entry.hash));
  }
}

/// Decides, counts, and pins what the way gives. Inside the shard's section that made `variants`.
Look look_up(Process& process, Section& section, const Lookup& lookup, const Variants& variants);

/// Takes what a permit needs and looks again: Way::fill with the entry published, or another way
/// that has opened meanwhile, or why there is no permit. Where `first` is a hit, the permit is to
/// refresh that one, and given only if it is still what would be served.
std::variant<Look, Busy> try_permit(Process& process, const Lookup& lookup, uint32_t hash,
                                    const Look& first);

}  // namespace ringwall::cache
