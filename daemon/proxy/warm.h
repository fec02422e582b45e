// Warm: a request that no client has sent, made so that its response is stored. It takes the way of
// any other request, through routing, the cache's lookup and the fetch, collapsed with those of
// clients; its response is read and thrown away. It counts as no client's request: not in the access
// log, nor in the numbers of requests and hits.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/io/task.h"

namespace ringwall::proxy {

struct Facilities;

/// What came of it.
struct Warmed {
  enum class Outcome : uint8_t {
    stored,       // by this request, or by one that it was collapsed with
    fresh,        // was stored already
    uncacheable,  // answered, but not to be stored
    failed,
    no_route,
  };
  static constexpr uint8_t outcomes = 5;

  Outcome outcome = Outcome::failed;
  std::string why;     // a word, as in the access log; empty: all is well
  uint64_t bytes = 0;  // of its content
};

/// Runs the request with this head, at the first listener that has a route for it.
io::Task<Warmed> warm(Facilities& facilities, std::string head);

}  // namespace ringwall::proxy
