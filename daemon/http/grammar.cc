#include "daemon/http/grammar.h"

#include "daemon/base/text.h"
#include "daemon/http/scan.h"

namespace ringwall::http {
namespace grammar_detail {

// DIGIT, ALPHA and "!#$%&'*+-.^_`|~"
constexpr std::array<bool, 256> build_token_chars() {
  std::array<bool, 256> table = {};
  for (char c : std::string_view("0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "!#$%&'*+-.^_`|~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
const constinit std::array<bool, 256> token_chars = build_token_chars();

}  // namespace grammar_detail

namespace {

/// The position behind the quoted string that begins at `at`, or the end when it does not end.
size_t skip_quoted(std::string_view text, size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\' && ++at == text.size()) break;
  }
  return text.size();
}

/// `text` is a whole quoted string: quotes at both ends and no bare one between.
bool is_quoted_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return false;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1 == text.size();
    if (text[at] == '\\') ++at;
  }
  return false;
}

bool is_visible(std::string_view text) {
  const char* end = text.data() + text.size();
  return find_not_visible(text.data(), end) == end;
}

}  // namespace

bool is_token(std::string_view text) {
  for (char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

bool is_field_value(std::string_view text) {
  const char* end = text.data() + text.size();
  return find_not_value(text.data(), end) == end;
}

std::optional<uint64_t> parse_digits(std::string_view text) {
  return base::parse_decimal(text);
}

std::optional<std::string_view> ListElements::next() {
  while (!rest_.empty()) {
    size_t at = 0;
    while (at < rest_.size() && rest_[at] != separator_) {
      at = rest_[at] == '"' ? skip_quoted(rest_, at) : at + 1;
    }
    std::string_view element = base::trim_ows(rest_.substr(0, at));
    rest_.remove_prefix(at < rest_.size() ? at + 1 : at);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

Parameter parse_parameter(std::string_view text, bool lenient_token) {
  Parameter parameter;
  size_t equals = text.find('=');
  parameter.name = base::trim_ows(text.substr(0, equals));
  bool named = is_token(parameter.name);
  if (equals == std::string_view::npos) {
    parameter.valid = named;
    return parameter;
  }
  parameter.has_value = true;
  std::string_view value = base::trim_ows(text.substr(equals + 1));
  if (!value.empty() && value.front() == '"') {
    parameter.quoted = true;
    parameter.valid = named && is_quoted_string(value);
    value.remove_prefix(1);
    if (!value.empty() && value.back() == '"') value.remove_suffix(1);
  } else {
    bool fine = lenient_token ? !value.empty() && is_visible(value) : is_token(value);
    parameter.valid = named && fine;
  }
  parameter.value = value;
  return parameter;
}

std::optional<std::string_view> unquote(std::string_view inside, std::span<char> room) {
  if (inside.find('\\') == std::string_view::npos) return inside;
  size_t size = 0;
  for (size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] == '\\' && at + 1 < inside.size()) ++at;
    if (size == room.size()) return std::nullopt;
    room[size++] = inside[at];
  }
  return std::string_view(room.data(), size);
}

bool list_has(std::string_view value, std::string_view token) {
  ListElements elements(value);
  while (auto element = elements.next()) {
    if (base::equal_ignoring_case(*element, token)) return true;
  }
  return false;
}

}  // namespace ringwall::http
