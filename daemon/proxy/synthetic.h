// Answers that ringwall makes itself: errors, fixed answers of the config, metrics.
#pragma once

#include <string>

#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

/// An error response with a short text body; `why` goes into the log ("no-backend"). When a
/// response has begun already it is cut off instead.
io::Task<void> respond_error(Exchange& exchange, unsigned status, std::string_view why);

/// A JSON text of ours.
io::Task<void> respond_json(Exchange& exchange, unsigned status, std::string body);

/// A status without content.
io::Task<void> respond_status(Exchange& exchange, unsigned status);

/// The `respond` of a route.
io::Task<void> respond_fixed(Exchange& exchange, const conf::FixedAnswer& answer);

/// The `metrics` of a route: Prometheus text.
io::Task<void> respond_metrics(Exchange& exchange);

}  // namespace ringwall::proxy
