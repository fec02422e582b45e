// Pass: a request to a backend and its response back without the cache, piece by piece; one piece is
// read when the one before has gone to the client, which is the back-pressure.
#pragma once

#include <memory>

#include "daemon/http/cache_status.h"
#include "daemon/proxy/fetch.h"

namespace ringwall::proxy {

/// Why the cache takes no part, in the words of RFC 9211 (`fwd=` and `detail=`).
struct PassReason {
  http::CacheStatus::Forward forward = http::CacheStatus::Forward::bypass;
  std::string_view detail;
};

/// Fetches and relays.
io::Task<void> pass(Exchange& exchange, PassReason reason);

/// Relays the response of `source`. The connection to the backend is given back as soon as the last
/// byte has come from it (before that byte goes to the client, whose next request may want it),
/// provided that the request has been sent to its end: `request_sent`.
io::Task<void> relay(Exchange& exchange, Source& source, const http::CacheStatus& status,
                     bool request_sent);

/// Relays what is left of the content of `source` once the head was sent.
io::Task<void> relay_content(Exchange& exchange, Source& source, bool request_sent);

}  // namespace ringwall::proxy
