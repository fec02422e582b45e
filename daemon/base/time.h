// The two clocks, and durations with their unit in the type.
//
// Deadlines are monotonic nanoseconds (`Instant`). Cache arithmetic is wall-clock seconds
// (`WallSeconds`), as HTTP dates are. Code on the hot path reads neither clock: the loop reads
// both once a turn and hands them down as arguments.
#pragma once

#include <chrono>
#include <cstdint>

namespace ringwall::base {

using Duration = std::chrono::nanoseconds;

/// CLOCK_MONOTONIC in nanoseconds; `never` is a deadline that does not come.
struct Instant {
  int64_t ns = 0;

  static constexpr Instant never() { return {INT64_MAX}; }
  bool is_never() const { return ns == INT64_MAX; }
  auto operator<=>(const Instant&) const = default;
  Instant operator+(Duration d) const {
    return ns > INT64_MAX - d.count() ? never() : Instant{ns + d.count()};
  }
  Duration operator-(Instant other) const { return Duration(ns - other.ns); }
};

/// Seconds since 1970-01-01T00:00:00Z.
using WallSeconds = int64_t;

/// One system call (vDSO) each; for start-up, the loop's turn and tests.
Instant monotonic_now();
/// Nanoseconds since 1970.
int64_t wall_now_ns();

}  // namespace ringwall::base
