// Where labels and head of a fill go: into the entry's own run with the content behind them where
// all fits or the content's length is not known, else into a first extent.
#pragma once

#include <optional>

#include "cache/process.h"
#include "cache/room.h"

namespace ringwall::cache {

struct NewHead {
  const Facts& facts;
  std::string_view text;
  const Labels& labels;
  std::optional<uint64_t> content_length;
  bool renews = false;  // the content is another entry's
};

/// No content is longer: half of the arena.
inline uint64_t object_bytes_max(const Process& process) {
  return process.arena_bytes() / 2;
}

/// Whether no room could ever be had for it.
bool is_too_large(const Process& process, const NewHead& head);

/// Takes the room, writes labels and head, and fills in all fields of the entry that go with them;
/// of a known content length as much room as the budget allows. False: no room, or a lock was busy.
/// Nobody else looks at any of it before the entry's state says `filling`.
bool place_head(Process& process, unsigned ticket, const NewHead& head, Budget& budget);

/// What responses needed of late that are small enough for one run; zeros: few are.
struct UsualUnits {
  uint32_t mean = 0;
  uint32_t ample = 0;  // most need no more
};
UsualUnits usual_units(const Process& process);
/// `bytes`: of key, labels, head and content together, with what the entry itself takes.
void note_units(Process& process, uint64_t bytes);

/// How many units an extent should have for `bytes` more.
uint32_t want_units(uint64_t bytes);

}  // namespace ringwall::cache
