// Age and freshness of a stored response (RFC 9111 section 4.2). Pure; seconds throughout.
#pragma once

#include <algorithm>
#include <cstdint>

#include "daemon/base/time.h"
#include "daemon/http/cache_control.h"

namespace ringwall::caching {

/// What freshness is computed from.
struct Freshness {
  base::WallSeconds response_time_s = 0;
  uint32_t age_at_response_s = 0;  // corrected_initial_age, section 4.2.3
  uint32_t lifetime_s = 0;         // section 4.2.1
};

/// Section 4.2.3. A clock that was set back makes nothing younger than it was when it came.
inline uint32_t current_age(const Freshness& stored, base::WallSeconds now) {
  int64_t resident = std::max<int64_t>(now - stored.response_time_s, 0);
  int64_t age = resident + stored.age_at_response_s;
  return static_cast<uint32_t>(std::min<int64_t>(age, http::delta_seconds_max));
}

/// Section 4.2: fresh while its age is below its lifetime.
inline bool is_fresh(const Freshness& stored, base::WallSeconds now) {
  return stored.lifetime_s > current_age(stored, now);
}

}  // namespace ringwall::caching
