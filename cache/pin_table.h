// PinTable: how often this process pins which entry. Only the first and the last pin of an entry
// touch shared memory (cache/pin.h); all others end here. Open addressing, no deletions marks.
// Allocates only when it doubles. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/base/assert.h"

namespace ringwall::cache {

class PinTable {
 public:
  PinTable() : cells_(size_t{1} << initial_bits), shift_(32 - initial_bits) {}

  /// One more pin of `ref`; whether it is the first.
  bool add(uint32_t ref) {
    if (used_ * 2 >= cells_.size()) grow();
    Cell& cell = cells_[find(ref)];
    if (cell.ref == ref) {
      ++cell.count;
      return false;
    }
    cell = {ref, 1};
    ++used_;
    return true;
  }

  /// One pin less; whether it was the last. Requires: ref is in the table.
  bool drop(uint32_t ref) {
    const size_t at = find(ref);
    RW_ASSERT(cells_[at].ref == ref);
    if (--cells_[at].count > 0) return false;
    erase(at);
    --used_;
    return true;
  }

  uint32_t count(uint32_t ref) const {
    const Cell& cell = cells_[find(ref)];
    return cell.ref == ref ? cell.count : 0;
  }
  size_t size() const { return used_; }

 private:
  static constexpr unsigned initial_bits = 12;
  struct Cell {
    uint32_t ref = 0;  // 0: empty
    uint32_t count = 0;
  };

  size_t home(uint32_t ref) const { return (ref * 2654435769u) >> shift_; }
  size_t find(uint32_t ref) const {
    size_t at = home(ref);
    while (cells_[at].ref != 0 && cells_[at].ref != ref) at = (at + 1) & (cells_.size() - 1);
    return at;
  }

  // Moves back what follows in the row and would not be found across the gap.
  void erase(size_t gap) {
    const size_t mask = cells_.size() - 1;
    for (size_t at = (gap + 1) & mask; cells_[at].ref != 0; at = (at + 1) & mask) {
      if (((at - home(cells_[at].ref)) & mask) < ((at - gap) & mask)) continue;
      cells_[gap] = cells_[at];
      gap = at;
    }
    cells_[gap] = {};
  }

  void grow() {
    std::vector<Cell> old(cells_.size() * 2);
    old.swap(cells_);
    --shift_;
    for (const Cell& cell : old) {
      if (cell.ref != 0) cells_[find(cell.ref)] = cell;
    }
  }

  std::vector<Cell> cells_;
  unsigned shift_;
  size_t used_ = 0;
};

}  // namespace ringwall::cache
