// A client's own preconditions, evaluated on a stored response (RFC 9110 section 13.2.2): whether a
// 304 says all that the client needs, and whether a part will do. Pure.
#pragma once

#include <string_view>

#include "daemon/base/time.h"
#include "daemon/http/fields.h"

namespace ringwall::caching {

/// Section 13.2.1: preconditions count where the answer would be 200 without them.
constexpr bool takes_preconditions(unsigned status) {
  return status == 200;
}

/// `lines`: the stored response's serialised field lines. If-None-Match counts before
/// If-Modified-Since, which counts only without it; where the response has no Last-Modified its
/// Date stands in (RFC 9111 section 4.3.2). Dates that are none are ignored.
/// Requires: takes_preconditions(status of the stored response).
bool not_modified(const http::FieldSection& request, std::string_view lines,
                  base::WallSeconds now);

/// Whether a Range of the request counts as far as its If-Range goes (RFC 9110 section 13.1.5):
/// there is none, its entity-tag is strongly equal to the stored one, or its date is exactly the
/// stored Last-Modified and that is a strong validator, at least a second older than the stored
/// Date (section 8.8.2.2).
bool if_range_holds(const http::FieldSection& request, std::string_view lines,
                    base::WallSeconds now);

/// The value of the first of the serialised `lines` with this name, in any case; empty if none.
std::string_view stored_value(std::string_view lines, std::string_view name);

}  // namespace ringwall::caching
