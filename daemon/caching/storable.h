// Whether a response to GET may be stored, and for how long it is fresh (RFC 9111 sections 3 and
// 4.2). Everything that needs more than explicit freshness (validation, variants, credentials) is
// not stored: the answer of one user never reaches another. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/base/time.h"
#include "daemon/caching/freshness.h"
#include "daemon/http/response.h"

namespace ringwall::caching {

/// When the request was sent and the response head received, wall clock.
struct Times {
  base::WallSeconds requested_s = 0;
  base::WallSeconds received_s = 0;
};

struct Verdict {
  bool store = false;
  Freshness freshness;      // where store
  std::string_view reason;  // where not: a word for Cache-Status and the log
};

/// `default_lifetime`: the route's, for responses that name none and may be stored heuristically.
Verdict judge(const http::ResponseHead& response, const Times& times,
              std::optional<base::Duration> default_lifetime);

}  // namespace ringwall::caching
