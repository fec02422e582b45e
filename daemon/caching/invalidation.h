// Which stored responses a successful unsafe request makes invalid (RFC 9111 section 4.4): its
// target, and the Location and Content-Location of the response where they have the same origin.
// Also what Cache-Group-Invalidation names (RFC 9875 section 3). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/response.h"

namespace ringwall::caching {

/// The URIs beside the target, absolute and with the scheme and authority of `base` (which is
/// "http://host:port/path?query"), resolved against it (RFC 3986 section 5.2).
std::vector<std::string> also_invalid(const http::FieldSection& response, std::string_view base);

/// The groups that the response says are invalid; empty when the field is no valid list of strings.
std::vector<std::string> invalid_groups(const http::FieldSection& response);

}  // namespace ringwall::caching
