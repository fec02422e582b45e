// The cache key: "scheme://host/path?query" as text, the same for every spelling of one target URI
// (RFC 9110 section 4.2.3). The host is in lower case without its default port or trailing dot, the
// path normalised (daemon/route/path.h), percent-encodings of the query in their normal form
// (RFC 3986 section 6.2.2). GET's key; HEAD is served from it. Pure, no allocation.
//
// A route may compose it otherwise (conf::CacheKey):
// - Parameters of the query are those between "&". With query_only, query_without or query_sorted
//   empty ones go, and where none is left so does the "?".
// - Without host, "(group)" stands for host and port, which no host can be written as: routes share
//   nothing with each other unless they are one group. Without a group there is no key.
// - Request fields and cookies come behind the URL, in the order of the settings, a line each:
//   "\naccept: text/html", "\ncookie lang=de"; without ":" or "=" where the request has none. No
//   URL holds a line's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "conf/model.h"
#include "daemon/http/fields.h"

namespace ringwall::caching {

/// Longer keys are not cached: such a URL is hardly asked for twice.
constexpr size_t key_bytes_max = 2048;
/// A query with more parameters than this is not sorted but not cached.
constexpr size_t sorted_parameters_max = 256;

/// What the keys of all that belongs to a URL's slices begin with, behind its own key: no field or
/// cookie of a key begins so. The manifest's name follows; see daemon/proxy/slices.h.
constexpr std::string_view slices_mark = "\n\x01";
constexpr std::string_view manifest_name = "manifest";

/// What a key is made of. `port` 0 means the scheme's default.
struct KeyParts {
  std::string_view scheme;
  std::string_view host;
  uint16_t port = 0;
  std::string_view path;
  std::string_view query;     // without "?"
  bool has_query = false;     // "/a?" and "/a" are two URIs
  std::string_view group = {};  // of settings without host: whose hosts share, the route's name
};

/// Writes the key to `out`, which has key_bytes_max bytes; the length, or 0 when it is too long.
/// Requires: the path is normalised and, as the query, free of control characters.
size_t write_key(const KeyParts& parts, const conf::CacheKey& settings,
                 const http::FieldSection& request, char* out);

/// The key of a URL as an operator writes it ("http://example.org/a?b"); the scheme may be missing
/// and is http then. Empty when it is no URL of ours. Fields and cookies are left out: where the
/// settings name some, the keys of the URL's entries are those that begin with this and "\n".
/// `group`: as KeyParts::group.
std::string key_of_url(std::string_view url, const conf::CacheKey& settings = {},
                       std::string_view group = {});

}  // namespace ringwall::caching
