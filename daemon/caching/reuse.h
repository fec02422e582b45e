// Reuse: what a stored response is good for, for one request now (RFC 9111 sections 4, 4.2.4, 5.2;
// RFC 5861). Pure. The caller has made sure that key and selecting fields match.
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/time.h"
#include "daemon/caching/plan.h"

namespace ringwall::caching {

/// A judgement and the rule that decided, a word for Cache-Status and `cache explain`: "fresh",
/// "stale-while-revalidate", "grace", "max-stale", "refresh-ahead", "stale-if-error", "stale",
/// "no-cache",
/// "request-no-cache", "request-max-age", "min-fresh", "must-revalidate", "purged", "authorization".
struct Reuse {
  cache::Use use = cache::Use::replace;
  bool stale = false;  // it is served although it is stale
  std::string_view rule;
};

/// How many hits make a response popular enough for refresh_ahead.
constexpr uint64_t popular_hits = 3;

Reuse reuse(const cache::Candidate& stored, const Plan& plan, const conf::RouteCache& settings,
            base::WallSeconds now);

/// Whether it may be sent although it is stale because the origin failed or answered `status`
/// (500, 502, 503, 504; 0: no answer): stale-if-error of response or request, the operator's grace.
/// Never against must-revalidate, no-cache, or a request that demands validation.
bool usable_on_error(const cache::Facts& stored, const Plan& plan, const conf::RouteCache& settings,
                     base::WallSeconds now);
/// The statuses of an origin that count as failure (RFC 5861 section 4).
constexpr bool is_origin_failure(unsigned status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace ringwall::caching
