// UseCounter: how often keys were asked for lately, for responses that are stored only once they
// were asked for often enough. It counts in a table of 32-bit cells that it is given, may be shared
// by processes and is all zeroes at first; it owns nothing. Any process or thread may call it at
// any time: each change is one compare-and-swap of one cell, so a death leaves every cell valid.
//
// A key has three cells of one cache line, picked by its hash, and no name there: keys that meet in
// a cell count together, and the least of the three is told. So a key is never told less than its
// own uses, and more only if all three cells are shared, at the rate measured below:
//
//   keys used within the window, for each cell of the table   1/64    1/32    1/16    1/8    1/4
//   new keys that are told more than their one use            0.2 %   0.6 %   1.5 %   5.5 %  19 %
//
// A call costs 40 ns, 130 ns where the table is larger than the processor's cache.
//
// A cell counts in four steps of time, each a third of the window or a little longer:
//
//   bit  31 … 26   25 … 16   15 … 12     11 … 8      7 … 4       3 … 0
//        │ scale  │ step    │ step - 3  │ step - 2  │ step - 1  │ step     │       0: empty
//
// A count holds up to 15. The scale says how many seconds a step has: keys with other windows may
// share the cell, the longest window among them counts. Steps are numbered from the epoch, modulo
// 1024: a cell that nobody touched for exactly that long (300 windows or more) seems young again.
//
// Invariant: a cell holds at least the uses of each of its keys within that key's last window, up
// to 15. So nothing is subtracted before its step is over, and no cell is spared an increment
// because it is high already: what makes it high may end sooner.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/base/assert.h"

namespace ringwall::cache {

class UseCounter {
 public:
  /// Uses beyond these are not counted reliably.
  static constexpr unsigned uses_max = 15;
  static constexpr uint32_t window_max_s = 3 * (7u << 14);  // 95 hours
  static constexpr size_t line_cells = 16;

  /// Requires: a power of two of cells, at least line_cells, that begin a cache line.
  explicit UseCounter(std::span<std::atomic<uint32_t>> cells) : cells_(cells) {
    RW_ASSERT(cells.size() >= line_cells);
    RW_ASSERT(std::has_single_bit(cells.size()));
  }

  /// Notes a use of the key with this hash, and tells how many there were within the last
  /// `window_s` seconds, this one included. What is up to a step older may count too. At most one
  /// use is missed by each caller that writes to the same cell at the same instant, and hardly
  /// ever. Requires: all bits of `hash` vary; 1 <= window_s <= window_max_s.
  unsigned note(uint64_t hash, uint32_t now_s, uint32_t window_s) {
    RW_ASSERT(window_s >= 1);
    RW_ASSERT(window_s <= window_max_s);
    const size_t line = hash % (cells_.size() / line_cells) * line_cells;
    // Distances of 1 to 7 and 1 to 8, together less than the line: three different cells.
    const auto first = static_cast<size_t>(hash >> 60);
    const size_t second = first + 1 + (hash >> 52 & 255) % 7;
    const size_t third = second + 1 + (hash >> 49 & 7);
    unsigned least = note_in(cells_[line + first], now_s, window_s);
    least = std::min(least, note_in(cells_[line + second % line_cells], now_s, window_s));
    return std::min(least, note_in(cells_[line + third % line_cells], now_s, window_s));
  }

 private:
  static constexpr unsigned steps = 4;
  static constexpr unsigned count_bits = 4;
  static constexpr uint32_t counts_mask = 0xffff;
  static constexpr uint32_t step_mask = 0x3ff;
  // Steps by which another worker's clock may be ahead.
  static constexpr uint32_t ahead_max = 2;
  static constexpr unsigned tries_max = 32;

  struct Cell {
    uint32_t scale = 0;
    uint32_t step = 0;    // of the newest count
    uint32_t counts = 0;  // newest in the lowest bits

    uint32_t pack() const { return scale << 26 | step << 16 | counts; }
    static Cell unpack(uint32_t bits) {
      return {bits >> 26, bits >> 16 & step_mask, bits & counts_mask};
    }
    unsigned sum(unsigned newest) const {
      unsigned total = 0;
      for (unsigned i = 0; i < newest; ++i) total += counts >> (i * count_bits) & uses_max;
      return total;
    }
    void add_one() {
      if ((counts & uses_max) < uses_max) ++counts;
    }
  };

  // Scales are seconds rounded up to three significant bits: 1 … 7, 8, 10, 12, 14, 16, 20 …
  static uint32_t seconds_of(uint32_t scale) {
    return scale < 8 ? scale : (4 + scale % 4) << (scale / 4 - 1);
  }
  static uint32_t scale_for(uint32_t window_s) {
    const uint32_t step_s = (window_s + steps - 2) / (steps - 1);
    if (step_s < 8) return step_s;
    const auto shift = static_cast<uint32_t>(std::bit_width(step_s)) - 3;
    // 8 for a mantissa is 4 of the next shift: the sum is the same.
    const uint32_t mantissa = (step_s + (1u << shift) - 1) >> shift;
    return (shift + 1) * 4 + mantissa - 4;
  }

  /// Moves the cell on to `now_s`: what is older than four steps falls out.
  static void age(Cell& cell, uint32_t now_s) {
    if (cell.scale == 0) return;
    const uint32_t step = now_s / seconds_of(cell.scale) & step_mask;
    const uint32_t passed = (step - cell.step) & step_mask;
    if (passed > step_mask - ahead_max) return;
    cell.step = step;
    cell.counts = passed < steps ? cell.counts << (passed * count_bits) & counts_mask : 0;
  }

  /// Gives the cell longer steps; what it holds counts as new.
  static void widen(Cell& cell, uint32_t now_s, uint32_t scale) {
    cell.counts = std::min(cell.sum(steps), uses_max);
    cell.scale = scale;
    cell.step = now_s / seconds_of(scale) & step_mask;
  }

  static unsigned note_in(std::atomic<uint32_t>& shared, uint32_t now_s, uint32_t window_s) {
    const uint32_t scale = scale_for(window_s);
    uint32_t bits = shared.load(std::memory_order_relaxed);
    Cell cell;
    for (unsigned n = 0; n < tries_max; ++n) {
      cell = Cell::unpack(bits);
      age(cell, now_s);
      if (cell.counts == 0) cell.scale = 0;
      if (cell.scale < scale) widen(cell, now_s, scale);
      cell.add_one();
      if (shared.compare_exchange_weak(bits, cell.pack(), std::memory_order_relaxed)) break;
    }
    // Up to the step in which the window began, and one more where the cell's clock is ahead.
    const uint32_t step_s = seconds_of(cell.scale);
    const uint32_t begin_s = now_s > window_s ? now_s - window_s : 0;
    const uint32_t newest = (cell.step - begin_s / step_s) & step_mask;
    return cell.sum(std::min(newest + 1, steps));
  }

  std::span<std::atomic<uint32_t>> cells_;
};

}  // namespace ringwall::cache
