// The request head as it goes to a backend: written anew from parsed values, never copied through.
// Connection fields go, Via and the forwarding fields come (RFC 9110 section 7.6.3, RFC 7239).
#pragma once

#include <string_view>

#include "conf/model.h"
#include "daemon/http/response.h"
#include "daemon/proxy/exchange.h"
#include "daemon/upstream/lease.h"

namespace ringwall::proxy {

/// What is asked of the backend.
struct Ask {
  bool shared = false;      // others may wait for it: it goes on although the client has gone
  bool complete = false;    // the client's own preconditions and ranges are left out
  bool normalised = false;  // Accept-Encoding and Accept-Language as variants are told apart by
  std::string_view range;      // instead of the client's own; with If-Range where that is given
  std::string_view if_range;
  std::string_view validates;  // lines of the stored response whose validators become conditions
};

/// A chunk that holds the head for this exchange; empty when there is none to be had.
io::Chunk request_head_room(const Exchange& exchange, const Ask& ask);

/// Writes it into `room`; empty when it does not fit.
std::string_view write_request_head(const Exchange& exchange, const conf::Upstream& settings,
                                    const upstream::Lease& lease, const Ask& ask,
                                    const io::Chunk& room);

/// Passes an interim response (103, ...) on to the client.
io::Task<void> relay_interim(Exchange& exchange, const http::ResponseHead& head);

}  // namespace ringwall::proxy
