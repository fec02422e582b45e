#include "cache/extents.h"

#include <algorithm>
#include <cstring>

#include "cache/object.h"

namespace ringwall::cache {
namespace {

// Extents shorter than wished for that one object may have before eviction goes on for longer ones.
constexpr uint32_t short_extents_max = 8;
// Extents of one object that may be as short as shred_units.
constexpr uint32_t shreds_max = 64;

/// One more piece of the table, behind `last` or as the first.
Grant add_piece(Process& process, Entry& entry, Piece* last, Ticket& ticket, FillState& fill,
                Budget& budget) {
  Cell& link = last == nullptr ? extension(entry).table : last->next;
  const uint32_t units =
      last == nullptr
          ? 1
          : std::min<uint32_t>(units_for(last->capacity * sizeof(Cell)) * 2, piece_units_max);
  // Through the ticket: the piece must be empty before it may be found from the entry, or a
  // recoverer would take what lay in the memory for runs.
  if (ticket.raw.load(std::memory_order_relaxed) == 0) {  // else left by a try that found it busy
    const Grant grant = obtain_run(process, units, units, ticket.raw, budget);
    if (grant != Grant::granted) return grant;
  }
  const uint64_t run = ticket.raw.load(std::memory_order_relaxed);
  auto* piece = process.at<Piece>(unpack(run).unit);
  std::memset(static_cast<void*>(piece), 0, units * unit_bytes);
  piece->capacity = static_cast<uint32_t>((units * unit_bytes - sizeof(Piece)) / sizeof(Cell));
  Shard& shard = process.shard_of(entry);
  Section section(process.base(), shard.lock);
  if (!section) return Grant::busy;
  section.set(link, run);
  section.set(ticket.raw, 0);
  fill.charged_units += units;
  return Grant::granted;
}

}  // namespace

Grant add_extent(Process& process, Entry& entry, FillState& fill, Ticket& ticket, uint32_t want,
                 Budget& budget) {
  ExtentPlace place = fill.last_place;
  Cell* cell = next_extent(process, entry, place);
  if (cell == nullptr) {
    const Grant grant = add_piece(process, entry, fill.last_place.piece, ticket, fill, budget);
    if (grant != Grant::granted) return grant;
    cell = next_extent(process, entry, place);
  }
  const uint32_t least = std::min(want, short_extent_units);
  Grant grant = obtain_run(process, want, fill.short_extents < short_extents_max ? least : want,
                           *cell, budget);
  // Rather many short extents than no room.
  if (grant == Grant::no_room) grant = take_run(process, want, least, *cell);
  if (grant == Grant::no_room && fill.short_extents < shreds_max) {
    grant = take_run(process, want, std::min(want, shred_units), *cell);
  }
  if (grant != Grant::granted) return grant;
  const uint32_t units = unpack(cell->load(std::memory_order_relaxed)).units;
  if (units < want) ++fill.short_extents;
  fill.last_place = place;
  fill.reserved += units * unit_bytes;
  fill.charged_units += units;
  return Grant::granted;
}

bool trim_own_run(Process& process, Entry& entry, FillState& fill, uint32_t units) {
  if (units >= entry.own_units) return true;
  const uint32_t unneeded = entry.own_units - units;
  if (!trim_entry(process, entry, units)) return false;
  fill.charged_units -= unneeded;
  return true;
}

bool trim_extents(Process& process, Entry& entry, FillState& fill) {
  ExtentPlace place = fill.tail_place;
  const uint32_t used_units = std::max<uint32_t>(units_for(fill.tail_used), 1);
  if (fill.tail == nullptr) {
    if (!trim_own_run(process, entry, fill, used_units)) return false;
  } else {
    const uint32_t tail_units = unpack(fill.tail->load(std::memory_order_relaxed)).units;
    if (used_units < tail_units) {
      if (!trim_run(process, *fill.tail, used_units)) return false;
      fill.charged_units -= tail_units - used_units;
    }
  }
  while (Cell* cell = next_extent(process, entry, place)) {
    const uint32_t units = unpack(cell->load(std::memory_order_relaxed)).units;
    if (units == 0) return true;
    if (!free_run(process, *cell)) return false;
    fill.charged_units -= units;
  }
  return true;
}

}  // namespace ringwall::cache
