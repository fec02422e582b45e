// The extents of an entry: where its head and content lie, and how a fill adds to them.
//
// Readers (Hit, Follow, Fill::content) see content up to Entry::available only; extents that hold
// it never move. The adding functions are the filler's.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string_view>

#include "cache/layout.h"
#include "cache/process.h"
#include "cache/room.h"

namespace ringwall::cache {

inline constexpr uint32_t units_for(uint64_t bytes) {
  return static_cast<uint32_t>((bytes + unit_bytes - 1) / unit_bytes);
}

std::string_view head_of(const Process& process, const Entry& entry);

/// Pieces of the content from `offset` on, at most `length` bytes and what is available.
size_t content_spans(const Process& process, const Entry& entry, uint64_t offset, uint64_t length,
                     std::span<iovec> out);

/// The cell of the extent behind `place`, or nothing where the table ends.
Cell* next_extent(const Process& process, Entry& entry, ExtentPlace& place);

/// Takes one more extent of `want` units, or shorter where the arena is short of long runs, behind
/// the last. Requires: begin_head's first extent is there.
Grant add_extent(Process& process, Entry& entry, FillState& fill, Ticket& ticket, uint32_t want,
                 Budget& budget);

/// Gives back what the fill has reserved but not written. False: busy, the rest stays until the
/// entry goes.
bool trim_extents(Process& process, Entry& entry, FillState& fill);

}  // namespace ringwall::cache
