// What no cache can know: bounds from the whole trace. One thread.
#pragma once

#include "tests/bench/policy.h"

namespace ringwall::bench {

/// Belady's rule: the object that is asked for latest goes, be it the new one. The optimum where
/// all objects have one size, near it for the byte hit ratio otherwise.
std::unique_ptr<Policy> make_belady(const Trace& trace, uint64_t capacity);

struct Bound {
  double objects = 0;  // hit ratio
  double bytes = 0;
};

/// Hit ratios that no policy exceeds, whatever the sizes: the upper bound of PFOO (Berger,
/// Beckmann and Harchol-Balter, 2018). Each hit takes its object's bytes for the time since the
/// last request; the cheapest hits are taken until the cache's bytes times the trace's length
/// are spent.
Bound compute_bound(const Trace& trace, uint64_t capacity);

}  // namespace ringwall::bench
