#include "cache/extents.h"

#include <algorithm>
#include <cstring>

namespace ringwall::cache {
namespace {

// Extents shorter than wished for that one object may have before eviction goes on for longer ones.
constexpr uint32_t short_extents_max = 8;

/// One more piece of the table, behind `last` or as the first.
Grant add_piece(Process& process, Entry& entry, Piece* last, Ticket& ticket, FillState& fill,
                Budget& budget) {
  Cell& link = last == nullptr ? entry.table : last->next;
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

std::string_view head_of(const Process& process, const Entry& entry) {
  const Run run = unpack(entry.first.load(std::memory_order_acquire));
  return {process.at<const char>(run.unit), entry.head_length};
}

Cell* next_extent(const Process& process, Entry& entry, ExtentPlace& place) {
  Cell* link = nullptr;
  if (place.piece == nullptr) {
    link = &entry.table;
  } else if (place.index + 1 == place.piece->capacity) {
    link = &place.piece->next;
  }
  if (link == nullptr) {
    ++place.index;
    return &place.piece->cells()[place.index];
  }
  const Run piece = unpack(link->load(std::memory_order_acquire));
  if (!piece) return nullptr;
  place = {process.at<Piece>(piece.unit), 0};
  return &place.piece->cells()[0];
}

size_t content_spans(const Process& process, const Entry& entry, uint64_t offset, uint64_t length,
                     std::span<iovec> out) {
  const uint64_t available = entry.available.load(std::memory_order_acquire);
  if (offset >= available) return 0;
  uint64_t left = std::min(length, available - offset);
  uint64_t skip = entry.head_length + offset;
  const Cell* cell = &entry.first;
  ExtentPlace place;
  size_t n = 0;
  while (left > 0 && n < out.size()) {
    const Run run = unpack(cell->load(std::memory_order_acquire));
    const uint64_t bytes = run.units * unit_bytes;
    if (skip < bytes) {
      const uint64_t part = std::min(left, bytes - skip);
      out[n++] = {process.at<std::byte>(run.unit) + skip, part};
      left -= part;
      skip = 0;
      if (left == 0) break;
    } else {
      skip -= bytes;
    }
    cell = next_extent(process, const_cast<Entry&>(entry), place);
    RW_ASSERT(cell != nullptr);
  }
  return n;
}

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
  if (grant != Grant::granted) return grant;
  const uint32_t units = unpack(cell->load(std::memory_order_relaxed)).units;
  if (units < want) ++fill.short_extents;
  fill.last_place = place;
  fill.reserved += units * unit_bytes;
  fill.charged_units += units;
  entry.extents = entry.extents + 1;
  return Grant::granted;
}

bool trim_extents(Process& process, Entry& entry, FillState& fill) {
  ExtentPlace place = fill.tail_place;
  const uint32_t tail_units = unpack(fill.tail->load(std::memory_order_relaxed)).units;
  const uint32_t used_units = std::max<uint32_t>(units_for(fill.tail_used), 1);
  if (used_units < tail_units) {
    if (!trim_run(process, *fill.tail, used_units)) return false;
    fill.charged_units -= tail_units - used_units;
  }
  while (Cell* cell = next_extent(process, entry, place)) {
    const uint32_t units = unpack(cell->load(std::memory_order_relaxed)).units;
    if (units == 0) return true;
    if (!free_run(process, *cell)) return false;
    fill.charged_units -= units;
    entry.extents = entry.extents - 1;
  }
  return true;
}

}  // namespace ringwall::cache
