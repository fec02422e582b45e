// Variants (RFC 9111 section 4.1): the selecting fields of a request as text, one line a field name
// of Vary in sorted order, "accept-encoding:br, gzip\n"; a field that is absent has no colon
// ("accept-language\n"). Several lines of a field count as one, with ", " between; white space
// around commas does not count. Accept-Encoding and Accept-Language are normalised as the route
// says, and that is how they are sent to the origin too. Pure, no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "conf/model.h"
#include "daemon/http/fields.h"

namespace ringwall::caching {

/// More field names than this in Vary make a response one for a single request.
constexpr size_t selecting_fields_max = 32;

/// The selectors of `request` by the Vary of `response`, written to `out`; empty when it varies by
/// nothing. Nothing when it can not be selected: "*" is a member, a name is none, there are more
/// than selecting_fields_max, or they are longer than `out`.
std::optional<std::string_view> write_selectors(const http::FieldSection& request,
                                                const http::FieldSection& response,
                                                const conf::RouteCache& settings,
                                                std::span<char> out);

/// The selectors of `request` by the field names of `model`; 0 when they do not fit.
size_t describe_like(std::string_view model, const http::FieldSection& request,
                     const conf::RouteCache& settings, std::span<char> out);

/// Whether a response with these selectors fits the request.
bool selects(std::string_view selectors, const http::FieldSection& request,
             const conf::RouteCache& settings);

/// What the request's field counts as and is sent as on a shared fetch (daemon/caching/accept.h):
/// of Accept-Encoding "br, gzip, zstd" as far as the client takes them (identity alone: empty), of
/// Accept-Language the best of the route's languages (none: empty). Nothing: as the client sent it,
/// or it is absent. Views static text or the settings; `room` is not needed.
std::optional<std::string_view> normalised(http::FieldName name, const http::FieldSection& request,
                                           const conf::RouteCache& settings,
                                           std::span<char> room = {});

}  // namespace ringwall::caching
