// Durations and sizes as operators write them: numbers with their unit ("1h30m", "64MiB").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.h"
#include "daemon/base/time.h"

namespace ringwall::conf {

/// Why a text is no duration or size, and the nearest text that is one (may be empty).
struct UnitError {
  std::string message;
  std::string hint;
};

/// Whole numbers with the units d, h, m, s, ms, us, each at most once, from large to small. "0" is
/// the only number that needs no unit.
base::Result<base::Duration, UnitError> parse_duration(std::string_view text);

/// One whole number with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024).
base::Result<uint64_t, UnitError> parse_size(std::string_view text);

/// The shortest text that parse_duration / parse_size reads back as the same.
std::string duration_text(base::Duration duration);
std::string size_text(uint64_t bytes);

}  // namespace ringwall::conf
