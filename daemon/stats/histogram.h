// A histogram of durations with fixed buckets, each twice as wide as the one before: 16 us to 67 s,
// and one for what took longer. One writer; lies in shared memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "daemon/stats/counters.h"

namespace ringwall::stats {

constexpr unsigned histogram_first_bits = 4;
constexpr size_t histogram_buckets = 24;

/// The largest duration that bucket `i` counts; the last bucket has no bound.
constexpr uint64_t histogram_bound_us(size_t i) {
  return uint64_t{1} << (histogram_first_bits + i);
}

constexpr size_t histogram_bucket_of(uint64_t us) {
  unsigned bits = us == 0 ? 0 : std::bit_width(us - 1);
  size_t bucket = bits <= histogram_first_bits ? 0 : bits - histogram_first_bits;
  return bucket < histogram_buckets - 1 ? bucket : histogram_buckets - 1;
}
static_assert(histogram_bucket_of(16) == 0 && histogram_bucket_of(17) == 1);
static_assert(histogram_bound_us(histogram_buckets - 2) == 67'108'864);

struct Histogram {
  std::array<Cell, histogram_buckets> buckets;
  Cell sum_us;

  void observe(uint64_t us) {
    buckets[histogram_bucket_of(us)].add(1);
    sum_us.add(us);
  }
};

struct HistogramTotals {
  std::array<uint64_t, histogram_buckets> buckets{};
  uint64_t sum_us = 0;
};

}  // namespace ringwall::stats
