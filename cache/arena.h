// The arena: rows of 64-byte units in pages of 64 KiB, given out best fit first.
//
// A run given out is written into the caller's cell in the same section that marks it used, and
// freeing clears the cell likewise: at every instant a unit belongs to one cell or is free, so
// nothing leaks however a process ends. Pages are dealt to several arenas, each with a lock.
// Nothing here evicts; see cache/room.h.
#pragma once

#include "cache/layout.h"

namespace ringwall::cache {

class Process;

enum class Grant : uint8_t { granted, no_room, busy };

/// Takes the best-fitting run of `want` units, else the longest of at least `least`, into `cell`.
/// Requires: 0 < least <= want <= units_per_page; cell is empty.
Grant take_run(Process& process, uint32_t want, uint32_t least, Cell& cell);

/// Frees the run that `cell` owns and stores `replacement` there; an empty cell is left as it is.
/// False: the lock was busy, nothing has changed.
bool free_run(Process& process, Cell& cell, uint64_t replacement = 0);

/// Shortens the run that `cell` owns to its first `units`. False: busy, nothing has changed.
bool trim_run(Process& process, Cell& cell, uint32_t units);

/// The same for an entry's own run. Only by who fills it.
bool trim_entry(Process& process, Entry& entry, uint32_t units);

// Of pages, for who holds Superblock::resizing; see cache/pages.h. False: the lock was busy, and
// nothing has changed.

/// An unsettled page, whose memory is there, becomes an open one that is free.
bool activate_page(std::byte* base, Superblock& super, uint32_t page);

/// Nothing is taken from the open page any more.
bool close_page(std::byte* base, Superblock& super, uint32_t page);

/// The closed page is open again, with what is in it.
bool reopen_page(std::byte* base, Superblock& super, uint32_t page);

/// A closed page that is wholly free leaves its arena: unsettled. Once free it stays so.
bool retire_page(std::byte* base, Superblock& super, uint32_t page);

/// Calls f(start, length) for each free run of the page, in order.
template <class F>
void each_free_run(const PageRecord& page, F f) {
  constexpr unsigned words = units_per_page / 64;
  unsigned start = 0;
  unsigned length = 0;
  for (unsigned w = 0; w < words; ++w) {
    uint64_t used = page.used[w];
    unsigned bit = 0;
    if (used == 0) {
      if (length == 0) start = w * 64;
      length += 64;
      continue;
    }
    while (bit < 64) {
      const unsigned free = used == 0 ? 64 - bit : static_cast<unsigned>(__builtin_ctzll(used));
      if (free > 0) {
        if (length == 0) start = w * 64 + bit;
        length += free;
        bit += free;
        if (bit >= 64) break;
        used >>= free;
      }
      if (length > 0) f(start, length);
      length = 0;
      const unsigned taken = ~used == 0 ? 64 : static_cast<unsigned>(__builtin_ctzll(~used));
      bit += taken;
      used = taken >= 64 ? 0 : used >> taken;
    }
  }
  if (length > 0) f(start, length);
}

/// The bin of pages whose longest free run is `run`.
constexpr unsigned bin_of(unsigned run) {
  if (run < 16) return run;
  if (run >= units_per_page) return bins_max - 1;
  const unsigned log = 31 - static_cast<unsigned>(__builtin_clz(run));  // 4 … 9
  return 16 + (log - 4) * 4 + (run >> (log - 2) & 3);
}
static_assert(bin_of(15) == 15 && bin_of(16) == 16 && bin_of(1023) == 39 && bin_of(1024) == 40);

}  // namespace ringwall::cache
