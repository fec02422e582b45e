// Whether a response to GET may be stored, for how long it is fresh, and what else of it counts
// later (RFC 9111 sections 3, 4.2 and 5.2.2, RFC 5861, RFC 9213). Pure.
#pragma once

#include <string_view>

#include "cache/facts.h"
#include "conf/model.h"
#include "daemon/base/time.h"
#include "daemon/http/cache_control.h"
#include "daemon/http/response.h"

namespace ringwall::caching {

/// When the request was sent and the response head received, wall clock.
struct Times {
  base::WallSeconds requested_s = 0;
  base::WallSeconds received_s = 0;
};

/// The directives that decide: those of the first targeted field that is present and valid
/// (the operator's, then CDN-Cache-Control), fully and alone (RFC 9213 section 2.1), else those of
/// Cache-Control with Expires behind them.
struct Directives {
  http::CacheControl control;
  http::FieldName from = http::FieldName::cache_control;  // `other`: the operator's field
  bool targeted = false;
};
Directives directives_of(const http::FieldSection& fields, const conf::RouteCache& settings);

struct Verdict {
  bool store = false;
  cache::Facts facts;       // where store: all but origin_ms
  bool withholds = false;   // some fields must not be stored: is_withheld tells which
  /// A word for Cache-Status, log and `cache explain`. Where store, what gave the lifetime:
  /// "s-maxage", "max-age", "expires", "negative", "default", "heuristic", "none", or "no-cache";
  /// else why not: "no-store", "private", "status", "must-understand", "vary", "set-cookie",
  /// "authorization", "stale-on-arrival", "no-lifetime", "no-cache".
  std::string_view reason;
};

/// `authorized`: the request carried Authorization (section 3.5). Vary is daemon/caching/vary.h's,
/// but "*" is refused here, and so is Set-Cookie where it is not withheld: such a response is for
/// one client.
///
/// The lifetime is the first of: what the response names (section 4.2.1); settings.negative for its
/// status; default_lifetime and then the heuristic, both for statuses that allow it (RFC 9110
/// section 15.1) or with public. What is not fresh on arrival is stored as it is where something
/// lets it be used when stale: stale-while-revalidate or stale-if-error of the response, or
/// settings.grace unless no lifetime was named at all (the operator prolongs what an origin says,
/// and says nothing for it). Else it is stored with a lifetime of 0 and Flag::always_validate where
/// it has a validator, as is whatever has no-cache. Else it is refused.
Verdict judge(const http::ResponseHead& response, bool authorized, const Times& times,
              const conf::RouteCache& settings);

/// Section 4.2.3: corrected_initial_age, of a response or of the 304 that confirmed one.
uint32_t initial_age(const http::FieldSection& fields, const Times& times);

/// Whether a field is named by private="…" or no-cache="…" of what decides (sections 5.2.2.4 and
/// 5.2.2.7): it goes to the client that asked but is not stored.
bool is_withheld(const http::FieldSection& fields, const http::Field& field,
                 const conf::RouteCache& settings);

}  // namespace ringwall::caching
