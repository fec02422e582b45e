// HTTP dates (RFC 9110 section 5.6.7): written as IMF-fixdate, read in all three formats, strictly.
// Pure; the clock is the caller's.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "daemon/base/time.h"

namespace ringwall::http {

constexpr size_t date_bytes = 29;

/// Writes "Sun, 06 Nov 1994 08:49:37 GMT", 29 bytes without NUL, to `out`. Times outside the years
/// 0 to 9999 are clamped to them.
void write_date(base::WallSeconds time, char* out);

/// IMF-fixdate, the obsolete RFC 850 form (its two-digit year is the one at most 50 years after
/// `now`) or asctime; exact spelling in any case (RFC 9111 section 4.2), valid day, time and day of
/// the week (the name of the day is not checked against the date). A leap second counts as the
/// second before it.
std::optional<base::WallSeconds> parse_date(std::string_view text, base::WallSeconds now);

}  // namespace ringwall::http
