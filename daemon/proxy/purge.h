// Purges that come as requests, and what unsafe requests make invalid.
#pragma once

#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

/// Whether the request is a PURGE for us: somebody may purge by requests on this config.
bool is_purge(const Exchange& exchange);

/// Answers a PURGE: of the URL, or with a field Cache-Tag, Surrogate-Key or xkey (or one that the
/// route names) of all that carries one of its tags. "Purge: soft" and "Purge: hard" choose. 200
/// with the number of responses; 403 for who may not.
io::Task<void> serve_purge(Exchange& exchange);

/// RFC 9111 section 4.4, RFC 9875 section 3: after a successful unsafe request, what is stored for
/// its target, for what the response names, and for the groups it names, is no more what the origin
/// has.
void invalidate(Exchange& exchange, const http::ResponseHead& response);

}  // namespace ringwall::proxy
