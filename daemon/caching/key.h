// The cache key: "scheme://host/path?query" as text, the same for every spelling of one target URI
// (RFC 9110 section 4.2.3). The host is in lower case without its default port or trailing dot, the
// path normalised (daemon/route/path.h), the query as sent. GET's key; HEAD is served from it.
// Pure, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringwall::caching {

/// Longer keys are not cached: such a URL is hardly asked for twice.
constexpr size_t key_bytes_max = 2048;

/// What a key is made of. `port` 0 means the scheme's default.
struct KeyParts {
  std::string_view scheme;
  std::string_view host;
  uint16_t port = 0;
  std::string_view path;
  std::string_view query;     // without "?"
  bool has_query = false;     // "/a?" and "/a" are two URIs
};

/// Writes the key to `out`, which has key_bytes_max bytes; the length, or 0 when it is too long.
size_t write_key(const KeyParts& parts, char* out);

/// The key of a URL as an operator writes it ("http://example.org/a?b"); the scheme may be missing
/// and is http then. Empty when it is no URL of ours.
std::string key_of_url(std::string_view url);

}  // namespace ringwall::caching
