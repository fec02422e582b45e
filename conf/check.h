// What the table cannot say of one key alone: rules between keys, between routes, between
// listeners, and the syntax of hosts, paths and fields.
#pragma once

#include "conf/assemble.h"

namespace ringwall::conf {

/// Reports what is wrong, and what is allowed but hardly meant.
void check(const Assembly& assembly, Problems& errors, Problems& warnings);

/// Rules of routes alone (conf/check_route.cc).
void check_routes(const Assembly& assembly, Problems& errors, Problems& warnings);

/// Rules of caching (conf/check_cache.cc), of one route and of [cache].
void check_route_cache(const RouteCache& cache, const Node& route, Problems& errors);
void check_cache(const Cache& cache, const Node& table, Problems& warnings);

/// Where `key` of `table` has its value; the table's own place when it is not there.
Where place_of(const Node& table, std::string_view key);

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text);

}  // namespace ringwall::conf
