// The smallest words of the segment: units, references to them, runs of them, and the cells that
// own runs. Nothing here holds a pointer: a Ref is the number of a 64-byte unit counted from the
// segment's base, 0 is none, so that each process may map the segment where it likes.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringwall::cache {

using Ref = uint32_t;

inline constexpr uint64_t unit_bytes = 64;
inline constexpr uint64_t page_bytes = 64 * 1024;
inline constexpr uint32_t units_per_page = page_bytes / unit_bytes;

constexpr uint32_t units_for(uint64_t bytes) {
  return static_cast<uint32_t>((bytes + unit_bytes - 1) / unit_bytes);
}

/// A row of units inside one page.
struct Run {
  uint32_t unit = 0;
  uint32_t units = 0;
  explicit operator bool() const { return units != 0; }
};
/// Owns a run, or is 0. Readable without a lock, for followers.
using Cell = std::atomic<uint64_t>;
static_assert(Cell::is_always_lock_free && sizeof(Cell) == 8);

constexpr uint64_t pack(Run run) {
  return uint64_t{run.units} << 32 | run.unit;
}
constexpr Run unpack(uint64_t bits) {
  return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)};
}

/// Links of a circular list; first in Entry and in List, which is the list's sentinel.
struct Node {
  Ref next;
  Ref previous;
};

}  // namespace ringwall::cache
