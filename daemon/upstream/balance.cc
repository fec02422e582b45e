#include "daemon/upstream/balance.h"

#include "daemon/base/assert.h"

namespace ringwall::upstream {
namespace {

/// Less, equal or more loaded for its weight: negative, 0, positive.
int64_t compare(const Candidate& a, const Candidate& b) {
  return int64_t{a.load} * b.weight - int64_t{b.load} * a.weight;
}

}  // namespace

uint32_t Balance::choose(std::span<const Candidate> candidates) {
  RW_ASSERT(!candidates.empty());
  if (kind_ == conf::Upstream::Balance::round_robin) return choose_in_turn(candidates);
  least_.clear();
  for (const Candidate& candidate : candidates) {
    int64_t more = least_.empty() ? 0 : compare(candidate, least_.front());
    if (more > 0) continue;
    if (more < 0) least_.clear();
    least_.push_back(candidate);
  }
  return choose_in_turn(least_);
}

uint32_t Balance::choose_in_turn(std::span<const Candidate> candidates) {
  if (candidates.size() == 1) return candidates.front().place;
  int64_t total = 0;
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    current_[candidate.place] += candidate.weight;
    total += candidate.weight;
    if (best == nullptr || current_[candidate.place] > current_[best->place]) best = &candidate;
  }
  current_[best->place] -= total;
  return best->place;
}

}  // namespace ringwall::upstream
