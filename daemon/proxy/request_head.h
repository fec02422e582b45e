// The request head as it goes to a backend: written anew from parsed values, never copied through.
// Connection fields go, Via and the forwarding fields come (RFC 9110 section 7.6.3, RFC 7239).
#pragma once

#include <string_view>

#include "conf/model.h"
#include "daemon/http/response.h"
#include "daemon/proxy/exchange.h"
#include "daemon/upstream/lease.h"

namespace ringwall::proxy {

/// A chunk that holds the head for this exchange; empty when there is none to be had.
io::Chunk request_head_room(const Exchange& exchange);

/// Writes it into `room`; empty when it does not fit. `shared`: for the cache, so the client's
/// preconditions and ranges are left out: the whole response is wanted.
std::string_view write_request_head(const Exchange& exchange, const conf::Upstream& settings,
                                    const upstream::Lease& lease, bool shared,
                                    const io::Chunk& room);

/// Passes an interim response (103, ...) on to the client.
io::Task<void> relay_interim(Exchange& exchange, const http::ResponseHead& head);

}  // namespace ringwall::proxy
