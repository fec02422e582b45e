// Plan: whether and how the cache takes part in a request, judged by the request and its route alone
// (RFC 9111 sections 3 and 4), and what the request demands of stored responses (section 5.2.1).
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "conf/model.h"
#include "daemon/http/request.h"

namespace ringwall::caching {

/// Section 5.2.1, and Pragma where there is no Cache-Control (section 5.4). Empty where the route
/// does not let clients direct the cache.
struct Demands {
  bool no_cache = false;        // validate whatever is stored
  bool no_store = false;
  bool only_if_cached = false;  // a stored response or 504
  bool max_stale_any = false;
  std::optional<uint32_t> max_age;
  std::optional<uint32_t> max_stale;
  std::optional<uint32_t> min_fresh;
  std::optional<uint32_t> stale_if_error;
};

struct Plan {
  enum class Way : uint8_t {
    collapse,  // look up; on a miss fetch once for all who wait
    alone,     // look up; on a miss fetch for this client only, and store what may be stored:
               // requests with credentials (section 3.5)
    pass,      // by the cache
  };
  /// Why it passes, or why it goes alone.
  enum class Why : uint8_t { none, route, method, request };
  Way way = Way::collapse;
  Why why = Why::none;
  std::string_view detail;  // a word for Cache-Status and the log: "authorization", "no-store", …
  Demands demands;
  bool authorized = false;
};

/// GET and HEAD without content are cached; Range is no reason to pass. If-Match,
/// If-Unmodified-Since are for the origin (section 4.3.2) and pass, as does no-store.
Plan plan(const http::RequestHead& request, const conf::RouteCache& settings);

}  // namespace ringwall::caching
