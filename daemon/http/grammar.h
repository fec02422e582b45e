// The common grammar of fields (RFC 9110 section 5.6): tokens, quoted strings, comma-separated
// lists, parameters. Views in, views out; nothing allocates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ringwall::http {

namespace grammar_detail {
extern const std::array<bool, 256> token_chars;
}

/// tchar of RFC 9110 section 5.6.2.
inline bool is_token_char(char c) {
  return grammar_detail::token_chars[static_cast<unsigned char>(c)];
}
/// At least one tchar and nothing else.
bool is_token(std::string_view text);
/// What a field value may hold (section 5.5): no control characters but tab. Not trimmed.
bool is_field_value(std::string_view text);
/// Digits only, at least one, no overflow.
std::optional<uint64_t> parse_digits(std::string_view text);

/// The elements of a comma-separated list (section 5.6.1), trimmed; empty ones are skipped, commas
/// in quoted strings do not separate. A quoted string that does not end reaches to the end.
class ListElements {
 public:
  explicit ListElements(std::string_view value, char separator = ',')
      : rest_(value), separator_(separator) {}
  /// The next element, or nothing at the end.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  char separator_;
};

/// `name [ BWS "=" BWS ( token / quoted-string ) ]`, as directives and parameters are written.
struct Parameter {
  std::string_view name;
  std::string_view value;  // of a quoted string what is between the quotes, escapes included
  bool has_value = false;
  bool quoted = false;
  bool valid = false;  // name is a token, value a token or a whole quoted string
};
/// `lenient_token`: an unquoted value may hold any visible characters (dates, "Forwarded" of
/// careless senders).
Parameter parse_parameter(std::string_view text, bool lenient_token = false);

/// The text of a quoted string's inside with escapes taken out, written to `room` where there are
/// any; nothing when it does not fit.
std::optional<std::string_view> unquote(std::string_view inside, std::span<char> room);

/// Whether the comma-separated `value` has `token` as an element, in any case.
bool list_has(std::string_view value, std::string_view token);

}  // namespace ringwall::http
