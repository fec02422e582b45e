#include "daemon/http/structured.h"

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::http::structured {
namespace {

bool is_lower_alpha(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alpha(char c) {
  return is_lower_alpha(base::ascii_lower(c));
}
bool is_key_char(char c) {
  return is_lower_alpha(c) || base::is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_base64_char(char c) {
  return is_alpha(c) || base::is_digit(c) || c == '+' || c == '/' || c == '=';
}

/// The algorithms of section 4.2, each by its number; all but peek and skip return false at a
/// fault, and then the position is of no account.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) { skip_spaces(); }

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (peek() == ' ') rest_.remove_prefix(1);
  }
  void skip_ows() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool key(std::string_view& out);  // 4.2.3.3
  bool member_value(Member& out);   // 4.2.1.1
  bool parameters();                // 4.2.3.2
  /// Between two members: a comma, or the end. Behind a comma there must be a member.
  bool next_member(bool& more);

 private:
  bool inner_list();              // 4.2.1.2
  bool bare_item(Item& out);      // 4.2.3.1
  bool number(Item& out);         // 4.2.4
  bool quoted(Item& out);         // 4.2.5
  bool token(Item& out);          // 4.2.6
  bool byte_sequence(Item& out);  // 4.2.7
  bool boolean(Item& out);        // 4.2.8
  std::string_view take_while(bool (*is)(char)) {
    size_t n = 0;
    while (n < rest_.size() && is(rest_[n])) ++n;
    std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  std::string_view rest_;
};

bool Parser::key(std::string_view& out) {
  if (!is_lower_alpha(peek()) && peek() != '*') return false;
  out = take_while(is_key_char);
  return true;
}

bool Parser::member_value(Member& out) {
  out.inner = peek() == '(';
  return (out.inner ? inner_list() : bare_item(out.item)) && parameters();
}

bool Parser::inner_list() {
  take('(');
  for (;;) {
    skip_spaces();
    if (take(')')) return true;
    Item ignored;
    if (!bare_item(ignored) || !parameters()) return false;
    if (peek() != ' ' && peek() != ')') return false;
  }
}

bool Parser::parameters() {
  while (take(';')) {
    skip_spaces();
    std::string_view ignored_key;
    Item ignored;
    if (!key(ignored_key)) return false;
    if (take('=') && !bare_item(ignored)) return false;
  }
  return true;
}

bool Parser::next_member(bool& more) {
  skip_ows();
  more = !at_end();
  if (!more) return true;
  if (!take(',')) return false;
  skip_ows();
  return true;
}

bool Parser::bare_item(Item& out) {
  char c = peek();
  if (c == '-' || base::is_digit(c)) return number(out);
  if (c == '"') return quoted(out);
  if (c == '*' || is_alpha(c)) return token(out);
  if (c == ':') return byte_sequence(out);
  return c == '?' && boolean(out);
}

bool Parser::number(Item& out) {
  constexpr size_t integer_digits_max = 15;
  constexpr size_t decimal_digits_max = 12;
  constexpr size_t fraction_digits_max = 3;
  bool negative = take('-');
  std::string_view digits = take_while(base::is_digit);
  if (digits.empty() || digits.size() > integer_digits_max) return false;
  out.type = Item::Type::integer;
  out.integer = static_cast<int64_t>(*base::parse_decimal(digits));
  if (take('.')) {
    std::string_view fraction = take_while(base::is_digit);
    if (digits.size() > decimal_digits_max) return false;
    if (fraction.empty() || fraction.size() > fraction_digits_max) return false;
    out.type = Item::Type::decimal;
    for (size_t i = 0; i < fraction_digits_max; ++i) {
      out.integer = out.integer * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    }
  }
  if (negative) out.integer = -out.integer;
  return true;
}

bool Parser::quoted(Item& out) {
  take('"');
  size_t at = 0;
  for (; at < rest_.size() && rest_[at] != '"'; ++at) {
    if (rest_[at] < 0x20 || rest_[at] > 0x7e) return false;
    if (rest_[at] != '\\') continue;
    ++at;
    if (at == rest_.size() || (rest_[at] != '"' && rest_[at] != '\\')) return false;
  }
  if (at == rest_.size()) return false;
  out.type = Item::Type::string;
  out.text = rest_.substr(0, at);
  rest_.remove_prefix(at + 1);
  return true;
}

bool Parser::token(Item& out) {
  out.type = Item::Type::token;
  out.text = take_while([](char c) { return is_token_char(c) || c == ':' || c == '/'; });
  return true;
}

bool Parser::byte_sequence(Item& out) {
  take(':');
  out.type = Item::Type::bytes;
  out.text = take_while(is_base64_char);
  return take(':');
}

bool Parser::boolean(Item& out) {
  take('?');
  out.type = Item::Type::boolean;
  out.integer = peek() == '1' ? 1 : 0;
  return take('0') || take('1');
}

/// `out` in place of the member with the same key, if there is one.
void put(std::vector<Member>& members, const Member& member) {
  auto same = [&member](const Member& other) { return other.key == member.key; };
  std::erase_if(members, same);
  members.push_back(member);
}

}  // namespace

std::string Item::string() const {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

std::string joined(const FieldSection& fields, FieldName name) {
  std::string out;
  bool first = true;
  for (std::string_view value : fields.values(name)) {
    if (!first) out += ", ";
    first = false;
    out += value;
  }
  return out;
}

std::string joined(const FieldSection& fields, std::string_view name) {
  FieldName known = recognise(name);
  if (known != FieldName::other) return joined(fields, known);
  std::string out;
  bool first = true;
  for (const Field& field : fields) {
    if (field.name != FieldName::other) continue;
    if (!base::equal_ignoring_case(fields.name(field), name)) continue;
    if (!first) out += ", ";
    first = false;
    out += fields.value(field);
  }
  return out;
}

// Section 4.2.2.
std::optional<std::vector<Member>> parse_dictionary(std::string_view text) {
  std::vector<Member> members;
  Parser parser(text);
  bool more = !parser.at_end();
  while (more) {
    Member member;
    if (!parser.key(member.key)) return std::nullopt;
    if (parser.take('=')) {
      if (!parser.member_value(member)) return std::nullopt;
    } else {
      member.item.integer = 1;
      if (!parser.parameters()) return std::nullopt;
    }
    put(members, member);
    if (members.size() > members_max || !parser.next_member(more)) return std::nullopt;
  }
  return members;
}

// Section 4.2.1.
std::optional<std::vector<Member>> parse_list(std::string_view text) {
  std::vector<Member> members;
  Parser parser(text);
  bool more = !parser.at_end();
  while (more) {
    Member member;
    if (!parser.member_value(member)) return std::nullopt;
    members.push_back(member);
    if (members.size() > members_max || !parser.next_member(more)) return std::nullopt;
  }
  return members;
}

}  // namespace ringwall::http::structured
