// Lookup: from the plan to whatever serves the request: a stored response, another's fill, the
// origin.
#pragma once

#include <string_view>

#include "daemon/caching/plan.h"
#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

/// Serves a request in which the cache takes part. `key` lives in the exchange's room.
io::Task<void> look_up(Exchange& exchange, const caching::Plan& plan, std::string_view key);

}  // namespace ringwall::proxy
