// Ghosts: the names of what one shard evicted lately, in the shard's part of a table of fixed size:
// a 32-bit cell for each 4 KiB of the cache, in rows of four, without links. It owns nothing; what
// a cell tells is a hint, and a name more or less harms nobody.
//
//   bit  31     30 … 16       15 … 0
//        │ used │ fingerprint │ tick at which it was evicted │        0: empty
//
// A tick is a 64th of the shard's bytes evicted: a name counts for one turnover, 64 ticks. After
// 1024 turnovers a name that nobody wrote over seems young again.
//
// Called in the shard's section, but not undone with it: each change is one store of one cell,
// which leaves every cell valid, and what a death leaves behind is the name of an entry that was
// not evicted after all, or one name forgotten.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/kill_point.h"
#include "daemon/base/assert.h"

namespace ringwall::cache {

class Ghosts {
 public:
  enum class Name : uint8_t { unknown, once, used };
  static constexpr unsigned ticks_per_turnover = 64;
  static constexpr size_t row_cells = 4;

  /// Requires: a power of two of cells, one row at least, zero at first.
  explicit Ghosts(std::span<std::atomic<uint32_t>> cells) : cells_(cells) {
    RW_ASSERT(cells.size() >= row_cells);
    RW_ASSERT(std::has_single_bit(cells.size()));
  }

  /// Over the same name, an empty cell, or the oldest of the row. `used`: more than once.
  void note(uint32_t hash, bool used, uint64_t now) {
    const auto row = row_of(hash);
    std::atomic<uint32_t>* place = &row[0];
    uint32_t oldest = 0;
    for (auto& shared : row) {
      const uint32_t cell = shared.load(std::memory_order_relaxed);
      if (is(cell, hash)) {
        place = &shared;
        break;
      }
      if (rank(cell, now) <= oldest) continue;
      oldest = rank(cell, now);
      place = &shared;
    }
    place->store((used ? used_bit : 0) | fingerprint(hash) << 16 | static_cast<uint16_t>(now),
                 std::memory_order_relaxed);
    kill_point();
  }

  /// Whether the name was noted within a turnover, and forgets it.
  Name take(uint32_t hash, uint64_t now) {
    for (auto& shared : row_of(hash)) {
      const uint32_t cell = shared.load(std::memory_order_relaxed);
      if (!is(cell, hash)) continue;
      shared.store(0, std::memory_order_relaxed);
      kill_point();
      if (age(cell, now) > ticks_per_turnover) return Name::unknown;
      return (cell & used_bit) != 0 ? Name::used : Name::once;
    }
    return Name::unknown;
  }

  std::span<const std::atomic<uint32_t>> cells() const { return cells_; }
  /// Whether this may stand in a cell.
  static bool valid(uint32_t cell) { return cell == 0 || (cell >> 16 & 1) != 0; }

 private:
  static constexpr uint32_t used_bit = uint32_t{1} << 31;

  std::span<std::atomic<uint32_t>> row_of(uint32_t hash) const {
    return cells_.subspan((hash & (cells_.size() / row_cells - 1)) * row_cells, row_cells);
  }
  // Of all bits, as the highest ones are the same in a shard and the lowest ones in a row; never 0,
  // so that no cell in use is.
  static uint32_t fingerprint(uint32_t hash) { return (hash * 0x9e3779b1u) >> 17 | 1; }
  static bool is(uint32_t cell, uint32_t hash) {
    return (cell & ~used_bit) >> 16 == fingerprint(hash);
  }
  static uint32_t age(uint32_t cell, uint64_t now) { return static_cast<uint16_t>(now - cell); }
  static uint32_t rank(uint32_t cell, uint64_t now) {
    return cell == 0 ? uint32_t{1} << 17 : age(cell, now) + 1;
  }

  std::span<std::atomic<uint32_t>> cells_;
};

}  // namespace ringwall::cache
