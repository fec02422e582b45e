// The traces that policy_bench runs: made up, from a seed, each for one habit of real traffic. Only
// objects that are requested count into a trace's footprint. Free functions, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/bench/policy.h"

namespace ringwall::bench {

struct TraceOptions {
  size_t requests = 1'000'000;
  uint64_t seed = 1;
  // Bytes of an object: lognormal, median 4 KiB, sigma 1.5, cut to 256 B … 2 MiB (a mean of about
  // 12 KiB); or all of 4 KiB.
  bool constant_size = false;
};

struct TraceKind {
  const char* name;
  const char* what;
  Trace (*make)(const TraceOptions& options);
};

std::span<const TraceKind> trace_kinds();

}  // namespace ringwall::bench
