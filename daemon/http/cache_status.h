// Cache-Status (RFC 9211): how this cache handled the request, as one more line behind those that
// came from the origin's side. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/http/head_writer.h"

namespace ringwall::http {

struct CacheStatus {
  /// Why the request was forwarded (RFC 9211 section 2.2).
  enum class Forward : uint8_t {
    none,
    bypass,
    method,
    uri_miss,
    vary_miss,
    miss,
    request,
    stale,
    partial,
  };
  bool hit = false;
  Forward forward = Forward::none;
  unsigned forward_status = 0;  // 0: not told
  bool has_ttl = false;
  int64_t ttl = 0;  // remaining freshness in seconds; negative: stale for so long
  bool stored = false;
  bool collapsed = false;
  std::string_view key;     // empty: not told
  std::string_view detail;  // empty: not told
};

/// "uri-miss" and so on, "" for none.
std::string_view text_of(CacheStatus::Forward forward);

/// "Cache-Status: ringwall; hit; ttl=376". `cache` is written as a token where it is one, else as a
/// string, as is `detail`; bytes that a structured string cannot hold are left out.
void write_cache_status(HeadWriter& out, std::string_view cache, const CacheStatus& status);

}  // namespace ringwall::http
