// Balance: which of an upstream's backends comes next. Pure: no clock, no connections; it is told
// of each candidate's weight and load. One per upstream and worker.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "conf/model.h"

namespace ringwall::upstream {

/// A backend that may be chosen.
struct Candidate {
  uint32_t place = 0;   // in the upstream
  unsigned weight = 1;  // at least 1
  unsigned load = 0;    // exchanges it has and that wait for it
};

class Balance {
 public:
  Balance(conf::Upstream::Balance kind, size_t backends) : kind_(kind), current_(backends) {
    least_.reserve(backends);
  }

  /// The place of the chosen one. Requires: candidates is not empty.
  ///
  /// Round robin is the smooth one: in every cycle of as many choices as the weights add up to each
  /// backend comes exactly as often as its weight says, spread as evenly as may be. Least
  /// connections takes the smallest load by weight, in turn among equals.
  uint32_t choose(std::span<const Candidate> candidates);

 private:
  uint32_t choose_in_turn(std::span<const Candidate> candidates);

  conf::Upstream::Balance kind_;
  std::vector<int64_t> current_;  // by place; sums to 0 over a constant set of candidates
  std::vector<Candidate> least_;  // scratch
};

}  // namespace ringwall::upstream
