// Plan: whether the cache takes part in a request at all, judged by the request and its route alone
// (RFC 9111 sections 3 and 4). What is not supported safely is passed by, with the reason. Pure.
#pragma once

#include <string_view>

#include "daemon/http/request.h"

namespace ringwall::caching {

struct Plan {
  enum class Why : uint8_t { cacheable, route, method, request };
  Why why = Why::cacheable;
  std::string_view detail;  // why not, in a word for Cache-Status

  bool cacheable() const { return why == Why::cacheable; }
};

/// `enabled`: the route's cache is on.
Plan plan(const http::RequestHead& request, bool enabled);

}  // namespace ringwall::caching
