// Age and freshness of a stored response (RFC 9111 section 4.2), and the flags that the rules keep
// beside them in cache::Facts. Pure; seconds throughout.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "cache/facts.h"
#include "daemon/base/time.h"
#include "daemon/http/cache_control.h"

namespace ringwall::caching {

/// Bits of cache::Facts::flags.
enum Flag : uint16_t {
  must_revalidate = 1 << 0,  // must-revalidate, proxy-revalidate or s-maxage: never served stale
  always_validate = 1 << 1,  // no-cache, or no lifetime at all: kept to be validated only
  validator = 1 << 2,        // has ETag or Last-Modified
  strong_validator = 1 << 3,  // a strong ETag
  heuristic = 1 << 4,        // the lifetime was guessed (section 4.2.2)
  operators = 1 << 5,        // the lifetime is the operator's: default_lifetime, negative
  for_credentials = 1 << 6,  // may answer requests with Authorization (section 3.5)
  error = 1 << 7,            // not a stored response: an origin's failure, told to those who wait
  targeted = 1 << 8,         // CDN-Cache-Control or the operator's field decided (RFC 9213)
  error_again = 1 << 9,      // beside `error`: of the second that asked for all who wait
};

inline bool has(const cache::Facts& facts, Flag flag) {
  return (facts.flags & flag) != 0;
}

/// A setting in the whole seconds of these rules: rounded up, so that what is set is not off.
inline uint32_t seconds_of(base::Duration setting) {
  int64_t seconds = std::chrono::ceil<std::chrono::seconds>(setting).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(seconds, 0, http::delta_seconds_max));
}

/// Section 4.2.3. A clock that was set back makes nothing younger than it was when it came.
inline uint32_t current_age(const cache::Facts& stored, base::WallSeconds now) {
  int64_t resident = std::max<int64_t>(now - stored.response_time_s, 0);
  int64_t age = resident + stored.age_at_response_s;
  return static_cast<uint32_t>(std::min<int64_t>(age, http::delta_seconds_max));
}

/// Section 4.2: fresh while its age is below its lifetime.
inline bool is_fresh(const cache::Facts& stored, base::WallSeconds now) {
  return stored.lifetime_s > current_age(stored, now);
}

/// What is left of its lifetime; negative: stale for so long.
inline int64_t remaining(const cache::Facts& stored, base::WallSeconds now) {
  return static_cast<int64_t>(stored.lifetime_s) - current_age(stored, now);
}

}  // namespace ringwall::caching
