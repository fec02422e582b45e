// Pages: which pages of the arena have memory and are in use, and how that changes.
//
// The superblock's `target_pages` says how many there shall be. Behind it the marks `open_pages`
// and `active_pages` move in small steps, by who holds Superblock::resizing (the master, usually;
// two of them at an upgrade). Memory is reserved before a page is opened, and given back when it
// has left its arena; as both are system calls, no lock of an arena is held then, and the page is
// `unsettled`. Whoever holds `resizing` after a death settles such pages anew, one way or the
// other: reserving twice and giving back twice do no harm.
//
// Requires, of all but set_target: `resizing` is held. All are bounded and may be killed anywhere.
#pragma once

#include "cache/segment.h"

namespace ringwall::cache {

class Process;

/// Whether a call did all there was for it to do.
enum class Moved : uint8_t { all, some, busy };

/// Pages for `bytes`, rounded up as the segment's grain asks for.
uint32_t pages_for(const Superblock& super, uint64_t bytes);

/// Makes the next pages below `target` open, at most `count` of them. Fails where the system has no
/// memory left; what was reserved before stays.
base::Result<Moved> open_pages(int fd, const Mapping& mapping, uint32_t target, uint32_t count);

/// Closes the open pages in [from, active_pages), at most `count` of them; moves `from` on.
/// Requires: from >= the target.
Moved close_pages(const Mapping& mapping, uint32_t& from, uint32_t count);

/// Gives the memory of pages in [from, active_pages) back that are closed and wholly free, or
/// unsettled, looking at `count` of them; moves `from` on. Behind the last the mark `active_pages`
/// falls as far as it can. Requires: from was `target` at first.
base::Result<Moved> give_back_pages(int fd, const Mapping& mapping, uint32_t target,
                                    uint32_t& from, uint32_t count);

}  // namespace ringwall::cache
