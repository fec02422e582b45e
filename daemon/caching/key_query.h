// The query's part of a cache key: percent-encodings in their normal form, parameters chosen and
// sorted as the route says. Pure, no allocation.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "conf/model.h"

namespace ringwall::caching {

/// Writes what of `query` belongs to the key to `out`, with its "?"; empty when nothing does.
/// Nothing when it does not fit, or there are more parameters to sort than sorted_parameters_max.
std::optional<std::string_view> write_query(std::string_view query, const conf::CacheKey& settings,
                                            std::span<char> out);

}  // namespace ringwall::caching
