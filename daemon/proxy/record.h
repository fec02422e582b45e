// Record: what one exchange was, for the access log, the counters and a crash report. Filled as the
// exchange goes; read once at its end, on every path, failed ones too. Its views point into the
// request head and the config, which both outlive it.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/address.h"
#include "daemon/base/time.h"
#include "daemon/io/ready.h"

namespace ringwall::proxy {

/// How the cache took part: one printable word each, shared by log, counter and documentation.
enum class CacheOutcome : uint8_t {
  none,        // no proxying: fixed answers, errors before the lookup
  hit,         // from a stored response
  stale,       // from a stored response that is not fresh any more, as it may be
  revalidated, // from a stored response that the origin confirmed
  miss,        // fetched and stored
  collapsed,   // followed another's fill
  pass,        // not cacheable by request or route
  uncacheable, // fetched; the response, or one before it, says that it is not to be stored
  busy,        // the cache was passed by for a reason of its own
  no_room,     // fetched, cacheable, and nothing could be evicted for it
};
std::string_view name_of(CacheOutcome outcome);

struct Record final : io::Context {
  // the client and its request
  base::Address client;              // the peer, or whom a trusted peer names
  std::string_view method;
  std::string_view host;
  std::string_view target;
  std::string_view referer;
  std::string_view user_agent;
  unsigned version_minor = 1;
  // when
  int64_t started_wall_ns = 0;
  base::Instant started;
  // what came of it
  unsigned status = 0;               // 0: the client left before a response
  uint64_t content_bytes = 0;        // response content sent
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  bool completed = false;            // the response was sent to its end
  CacheOutcome cache = CacheOutcome::none;
  std::string_view cache_why;        // why it was no plain hit, in a word; empty: it was one
  std::string_view route;
  uint32_t route_place = 0;          // in the stats segment; where cache is not none
  std::string_view upstream;         // the last one asked; empty: none
  std::string_view backend;
  unsigned attempts = 0;
  int64_t connect_us = -1;           // checkout to connected; -1: none
  int64_t first_byte_us = -1;        // request sent to response head; -1: none
  std::string_view error;            // why it failed, in a word; empty: it did not

  size_t describe(char* out, size_t room) const override;
};

}  // namespace ringwall::proxy
