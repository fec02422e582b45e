// Lead: the request that goes to the origin: fetches, decides whether the response may be stored,
// and if so stores it while it is sent; validates what is stored but stale; falls back on it when
// the origin fails.
#pragma once

#include <optional>

#include "cache/store.h"
#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"
#include "daemon/proxy/respond.h"

namespace ringwall::proxy {

/// After a failed fetch the stale response is served for so long before the origin is asked again.
constexpr base::WallSeconds hold_off_s = 2;

/// What a lookup left to the request that goes to the origin.
struct Lead {
  /// The permit; without it the response is for this client alone, and is stored only where it turns
  /// out that it may be and nobody else does so.
  std::optional<cache::Fill> fill;
  /// To validate, or to fall back on.
  std::optional<cache::Hit> stored;
};

/// Serves the request. Exchange::told says why it goes to the origin. Gives `answered`, or `cut`
/// where the response could be resumed (Exchange::resume).
io::Task<FollowEnd> lead(Exchange& exchange, Question& question, Lead lead);

}  // namespace ringwall::proxy
