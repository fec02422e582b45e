// How the end of a message's content is found (RFC 9112 section 6), decided strictly: whatever two
// parsers could read differently is refused. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/http/fields.h"
#include "daemon/http/method.h"

namespace ringwall::http {

struct ResponseHead;

struct Framing {
  enum class Kind : uint8_t {
    none,         // no content
    length,       // exactly `length` bytes, perhaps 0
    chunked,      // RFC 9112 section 7.1
    until_close,  // responses only
  };
  Kind kind = Kind::none;
  uint64_t length = 0;

  bool operator==(const Framing&) const = default;
};

/// A framing, or why there is none.
struct FramingResult {
  Framing framing;
  unsigned status = 0;  // 0, or what to answer: 400, 501; 502 for responses
  const char* reason = nullptr;

  bool ok() const { return status == 0; }
};

/// Of a request with these fields (RFC 9112 section 6.3): neither field means no content. Refused:
/// Transfer-Encoding with Content-Length or in HTTP/1.0, several or listed lengths (even equal
/// ones), more than 18 digits, chunked twice or not last (400); any other coding (501).
FramingResult request_framing(const FieldSection& fields, unsigned version_minor);

/// Of the final response to a request with this method. The same things are refused, with 502,
/// also where the message has no content. CONNECT with 2xx has none here: a tunnel follows.
FramingResult response_framing(const ResponseHead& head, Method request_method);

/// The value of the one Content-Length of a head, or nothing. For HEAD and 304, where it tells the
/// length of content that is not sent.
std::optional<uint64_t> content_length(const FieldSection& fields);

}  // namespace ringwall::http
