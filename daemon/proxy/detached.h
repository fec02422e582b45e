// Detached: a refresh in the background, while clients are served what is stored. Runs the same
// fetch and store as any request (proxy/lead.h), with a copy of the request that began it and
// nobody who waits for a response.
#pragma once

#include "cache/store.h"
#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"

namespace ringwall::proxy {

/// Begins to refresh `stored` through `fill`. Without memory nothing happens: the next request that
/// finds it stale tries again.
void refresh(Exchange& exchange, const Question& question, cache::Fill fill, cache::Hit stored);

}  // namespace ringwall::proxy
