// Fill: the leader of a miss. Fetches, decides whether the response may be stored, and if so tees
// it into the segment, from where this client and all followers are served alike.
#pragma once

#include <string_view>

#include "cache/store.h"
#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

/// Serves the request whose lookup gave the permit `fill`; `stale`: there was a stored response, but
/// it is not fresh any more. What is left of a fill when the client
/// has been served, or has gone, goes on in the background.
io::Task<void> lead(Exchange& exchange, cache::Fill fill, std::string_view key, bool stale);

}  // namespace ringwall::proxy
