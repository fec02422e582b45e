// What a client's Accept-Encoding and Accept-Language come down to (RFC 9110 sections 12.5.3 and
// 12.5.4), so that the many spellings of few wishes share variants. Pure, no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/fields.h"

namespace ringwall::caching {

/// Fields that are longer are taken as sent: they are read for each variant of a key, while the
/// cache is locked. Browsers send some 60 bytes.
constexpr size_t accept_bytes_max = 256;

/// Which of br, gzip and zstd the client takes: "br, gzip, zstd" or a part of it in this order,
/// static text; empty: none, it takes the identity only. Nothing where the field says more than
/// that: it is malformed or too long, or it refuses the identity.
std::optional<std::string_view> accepted_encodings(const http::FieldSection& request);

/// The language of `offered` that the client likes best, matched in either direction by whole
/// subtags (RFC 4647: "de" is good for "de-AT" and "de-AT" falls back on "de"); of equals what it
/// names first, then the order of `offered`. Empty: it takes none of them. Nothing where the field
/// is malformed or too long.
std::optional<std::string_view> best_language(const http::FieldSection& request,
                                              const std::vector<std::string>& offered);

}  // namespace ringwall::caching
