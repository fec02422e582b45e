// Respond: a stored response, or one that is being stored, to the client; straight from the shared
// segment, with Age, Via and Cache-Status, and with the client's own preconditions in mind.
#pragma once

#include "cache/store.h"
#include "daemon/caching/freshness.h"
#include "daemon/http/cache_status.h"
#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

/// The part of a stored response's facts that freshness is computed from.
inline caching::Freshness freshness_of(const cache::Facts& facts) {
  return {facts.response_time_s, facts.age_at_response_s, facts.lifetime_s};
}

/// Sends the whole of a stored response. The hit stays pinned until the last send has ended.
io::Task<void> respond_hit(Exchange& exchange, cache::Hit hit);

/// How following another's fill ended.
enum class FollowEnd : uint8_t {
  answered,   // a response was sent, or the client left
  cut,        // the fill ended early in the middle of the response; all it had was sent
  abandoned,  // no byte was sent and the fill is over: look up again
  unshared,   // not to be shared: fetch without the cache
  late,       // no head in time, or the worker stops: fetch without the cache
};

/// Waits for the head and sends the content as it arrives. `leading`: why this request
/// began the fill itself, null for others; a leader waits without limit, the fetch has its timeouts.
io::Task<FollowEnd> respond_follow(Exchange& exchange, cache::Follow& follow,
                                   const http::CacheStatus::Forward* leading);

}  // namespace ringwall::proxy
