// A client's own preconditions, evaluated on a stored response (RFC 9110 section 13.2.2): whether a
// 304 says all that the client needs. Pure.
#pragma once

#include <string_view>

#include "daemon/base/time.h"
#include "daemon/http/fields.h"

namespace ringwall::caching {

/// `lines`: the stored response's serialised field lines. If-None-Match counts before
/// If-Modified-Since, which counts only without it.
bool not_modified(const http::FieldSection& request, std::string_view lines,
                  base::WallSeconds now);

/// The value of the first of the serialised `lines` with this name, in any case; empty if none.
std::string_view stored_value(std::string_view lines, std::string_view name);

}  // namespace ringwall::caching
