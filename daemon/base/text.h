// Small pure helpers on ASCII text: numbers parsed whole and overflow-checked, case-insensitive
// comparison, splitting. Everything locale-free.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringwall::base {

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);

/// The whole of `text` as a decimal number: digits only, at least one, no sign, no overflow.
std::optional<uint64_t> parse_decimal(std::string_view text);

/// `text` without the spaces and tabs (OWS of RFC 9110 section 5.6.3) at its ends.
std::string_view trim_ows(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);

/// Damerau-free Levenshtein distance, for "did you mean" in messages.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, or nothing when none is near enough to be a slip.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

/// `text` with control characters, quotes and backslashes as \xHH, safe in one line of a log.
std::string escaped(std::string_view text);

}  // namespace ringwall::base
