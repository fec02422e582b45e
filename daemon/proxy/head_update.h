// HEAD that has to go to the origin: what comes back tells whether the stored GET is still what the
// origin has (RFC 9111 section 4.3.5).
#pragma once

#include <optional>

#include "cache/store.h"
#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"

namespace ringwall::proxy {

/// Passes the request and updates `stored`, or marks it stale. Exchange::told says why.
io::Task<void> pass_head(Exchange& exchange, Question& question, std::optional<cache::Hit> stored);

}  // namespace ringwall::proxy
