// Normalising a request path, so that no spelling of it evades a route (pure, no allocation).
//
// RFC 3986 section 6.2.2: percent-encodings of unreserved characters are decoded, the digits of the
// others made upper case, dot segments resolved ("/.." at the root stays at the root). Encoded
// slashes stay encoded and empty segments stay: both may mean something to the origin. A backslash
// is a character like any other, never a slash, encoded or not. NUL is refused.
//
// What is routed must also be what is the cache key and what is sent upstream. So an origin that
// reads more into a path (a backslash as a slash, "%2F" as one, "..;" as "..") may answer what was
// not meant, but that answer is stored under the very path that it was given: no spelling brings
// one path's answer under another's key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringwall::route {

enum class PathError : uint8_t {
  none,
  percent_encoding,  // "%" without two hexadecimal digits
  encoded_nul,       // "%00", or a bare NUL
};

struct NormalPath {
  std::string_view path;  // the input itself where nothing had to change, else in the room given
  PathError error = PathError::none;
};

/// `in` is the path of a request target without query, beginning with "/" (anything else, such as
/// "*", is returned as it is). `room` has space for in.size() bytes.
NormalPath normalise_path(std::string_view in, char* room);

/// Percent-encodings alone, for queries. Where one is none ("%zz") all of `in` stays as it is, so
/// that it does not become what another text is. Writes to `out`, which has space for in.size()
/// bytes and may be `in` itself; the length.
size_t normalise_encoding(std::string_view in, char* out);

}  // namespace ringwall::route
