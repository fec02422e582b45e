#include "daemon/upstream/health.h"

#include <algorithm>

namespace ringwall::upstream {
namespace {

constexpr int64_t eject_times_max = 10;

}  // namespace

Standing Health::begin(base::Instant now, const Rules& rules) {
  if (!ejected_) return Standing::normal;
  if (!admits(now, rules) || trial_) return Standing::forced;
  trial_ = true;
  return Standing::trial;
}

bool Health::succeeded(Standing standing) {
  if (ejected_ && standing == Standing::normal) return false;
  bool was_ejected = ejected_;
  reset();
  return was_ejected;
}

bool Health::failed(Standing standing, base::Instant now, const Rules& rules) {
  if (ejected_) {
    if (standing != Standing::trial) return false;
    trial_ = false;
    eject(now, rules);
    return true;
  }
  ++failures_;
  if (rules.eject_after == 0 || failures_ < rules.eject_after) return false;
  eject(now, rules);
  return true;
}

void Health::abandoned(Standing standing) {
  if (standing == Standing::trial) trial_ = false;
}

void Health::eject(base::Instant now, const Rules& rules) {
  int64_t times = std::min<int64_t>(int64_t{1} << std::min(ejections_, 8u), eject_times_max);
  ++ejections_;
  ejected_ = true;
  until_ = now + rules.eject_time * times;
}

}  // namespace ringwall::upstream
