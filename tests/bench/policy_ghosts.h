// Ghosts: the names of what was evicted lately, in a table of fixed size as it could stand in the
// segment: a 32-bit cell for each 4 KiB of the cache, in rows of four, no links and no lock. What
// two writers lose to each other, or a death leaves behind, is one name more or less.
//
//   bit  31    30 … 16       15 … 0
//        │used│fingerprint │ tick at which it was evicted │        0: empty
//
// A tick is a 64th of the shard's bytes evicted: a name counts for one turnover, 64 ticks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace ringwall::bench {

class Ghosts {
 public:
  enum class Name : uint8_t { unknown, once, used };
  static constexpr unsigned ticks_per_turnover = 64;

  explicit Ghosts(uint64_t capacity)
      : cells_(std::bit_ceil(std::max<uint64_t>(capacity / 4096, 64))) {}

  /// Over the same name, an empty cell, or the oldest of the row.
  void note(uint64_t hash, bool used, uint64_t now) {
    uint32_t* const row = row_of(hash);
    uint32_t* place = row;
    for (uint32_t* cell = row; cell < row + row_cells; ++cell) {
      if (is(*cell, hash)) {
        place = cell;
        break;
      }
      if (rank(*cell, now) > rank(*place, now)) place = cell;
    }
    *place = (used ? used_bit : 0) | fingerprint(hash) << 16 | static_cast<uint16_t>(now);
  }

  /// Whether the name was noted within a turnover, and forgets it.
  Name take(uint64_t hash, uint64_t now) {
    uint32_t* const row = row_of(hash);
    for (uint32_t* cell = row; cell < row + row_cells; ++cell) {
      if (!is(*cell, hash)) continue;
      const uint32_t found = *cell;
      *cell = 0;
      if (age(found, now) > ticks_per_turnover) return Name::unknown;
      return (found & used_bit) != 0 ? Name::used : Name::once;
    }
    return Name::unknown;
  }

 private:
  static constexpr size_t row_cells = 4;
  static constexpr uint32_t used_bit = uint32_t{1} << 31;

  uint32_t* row_of(uint64_t hash) {
    return &cells_[(hash & (cells_.size() / row_cells - 1)) * row_cells];
  }
  // Never 0, so that no cell in use is.
  static uint32_t fingerprint(uint64_t hash) { return static_cast<uint32_t>(hash >> 49) | 1; }
  static bool is(uint32_t cell, uint64_t hash) {
    return (cell & ~used_bit) >> 16 == fingerprint(hash);
  }
  static uint32_t age(uint32_t cell, uint64_t now) { return static_cast<uint16_t>(now - cell); }
  static uint32_t rank(uint32_t cell, uint64_t now) {
    return cell == 0 ? uint32_t{1} << 16 : age(cell, now);
  }

  std::vector<uint32_t> cells_;
};

}  // namespace ringwall::bench
