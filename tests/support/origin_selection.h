// What the test origin selects for a request: the representation with its validators, and, by the
// request's preconditions and range, how much of it the answer carries (RFC 9110 sections 13 and
// 14). Pure but for the start of the process, to which `lm=` in seconds is relative.
#pragma once

#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/origin_request.h"

namespace ringwall::support {

std::string http_date(time_t at);
/// An IMF-fixdate; nothing else.
std::optional<time_t> parse_http_date(std::string_view text);

/// What tells one content from another: the path, "@" and the version where it has one, and "|" and
/// the value of each request field that `varyby` names. tests/scenario/client.py makes the same.
std::string identity(const Request& request);

/// ETag and Last-Modified of the representation; empty: none. In `etag` "{version}" and "{seed}"
/// (of the content) are filled in.
std::string etag_of(const Request& request);
std::string last_modified_of(const Request& request);

/// What is sent of a representation of `size` bytes.
struct Selection {
  unsigned status = 200;  // 200, 206, 304, 412 or 416
  uint64_t first = 0;
  uint64_t length = 0;
};
Selection select(const Request& request, uint64_t size);

}  // namespace ringwall::support
