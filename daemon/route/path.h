// Normalising a request path, so that no spelling of it evades a route (pure, no allocation).
//
// RFC 3986 section 6.2.2: percent-encodings of unreserved characters are decoded, the digits of the
// others made upper case, dot segments resolved ("/.." at the root stays at the root). Encoded
// slashes stay encoded and empty segments stay: both may mean something to the origin. What is
// routed must also be what is sent upstream, so that both ends see the same path.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringwall::route {

enum class PathError : uint8_t {
  none,
  percent_encoding,  // "%" without two hexadecimal digits
  encoded_nul,       // "%00"
};

struct NormalPath {
  std::string_view path;  // the input itself where nothing had to change, else in the room given
  PathError error = PathError::none;
};

/// `in` is the path of a request target without query, beginning with "/" (anything else, such as
/// "*", is returned as it is). `room` has space for in.size() bytes.
NormalPath normalise_path(std::string_view in, char* room);

}  // namespace ringwall::route
