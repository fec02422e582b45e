// Respond: a stored response, or one that is being stored, to the client; straight from the shared
// segment, with Age, Via and Cache-Status, and with the client's own preconditions and ranges in
// mind (proxy/reply.h).
#pragma once

#include "cache/store.h"
#include "daemon/http/cache_status.h"
#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"

namespace ringwall::proxy {

/// Sends a stored response. The hit stays pinned until the last send has ended. `status` says in
/// Cache-Status how it came to that.
io::Task<void> respond_hit(Exchange& exchange, cache::Hit hit, http::CacheStatus status);

/// The same with other facts and head lines than are stored: those of a validation that is not kept.
io::Task<void> respond_stored(Exchange& exchange, cache::Hit hit, cache::Facts facts,
                              std::string_view lines, http::CacheStatus status);

/// How following a fill ended.
enum class FollowEnd : uint8_t {
  answered,   // a response was sent
  gone,       // the client left, or the worker stops
  cut,        // the fill ended early in the middle of the response; all it had was sent, and
              // Exchange::resume tells where another may go on, if that is possible
  abandoned,  // no byte was sent and the fill is over: look up again
  other,      // the response is for other requests (Vary): look up again
  failed,     // the origin failed: Follow::facts tells the status, or the response is too old
  unshared,   // not to be shared: fetch without the cache
  late,       // no head in time, or the worker stops
};

/// Waits until the fill is over; false: later than `patience`, or the worker stops.
io::Task<bool> await_end(Exchange& exchange, cache::Follow& follow, base::Instant patience);

/// Waits until the head is there or will not come; false: later than `patience`, or the worker
/// stops.
io::Task<bool> await_head(Exchange& exchange, cache::Follow& follow, base::Instant patience);

/// Sends content bytes [offset, end) behind a head that was sent; `last`: they end the response.
/// 0, or negative when the client is gone.
io::Task<int> send_part(Exchange& exchange, const cache::Hit& hit, uint64_t offset, uint64_t end,
                        bool last);
/// The same of a fill, as it arrives. `cut` where it ended early.
io::Task<FollowEnd> send_part(Exchange& exchange, cache::Follow& follow, uint64_t offset,
                              uint64_t end, bool last);

/// Waits for the head and sends the content as it arrives. `leading`: the request began the fill
/// itself; it waits without limit, the fetch has its timeouts, and takes whatever comes.
io::Task<FollowEnd> respond_follow(Exchange& exchange, cache::Follow& follow,
                                   const Question& question, bool leading);

}  // namespace ringwall::proxy
