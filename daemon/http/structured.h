// Structured fields (RFC 8941): parsed strictly, as the RFC's algorithms say; a field that fails
// anywhere is as if it were absent. Several field lines are joined by the caller in order (with
// `Text`), since a member may not be split. Pure; views into the text, escapes of strings taken out
// on demand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/fields.h"

namespace ringwall::http::structured {

struct Item {
  enum class Type : uint8_t { integer, decimal, string, token, bytes, boolean };
  Type type = Type::boolean;
  int64_t integer = 0;     // of integer; of decimal: thousandths; of boolean: 0 or 1
  std::string_view text;   // of token, bytes (base64, undecoded) and string (inside, escaped)
  std::string string() const;  // of string: with escapes taken out
};

/// A member of a dictionary or list; parameters are checked and dropped. `inner`: an inner list,
/// whose items are checked and dropped.
struct Member {
  std::string_view key;  // of dictionaries
  Item item;
  bool inner = false;
};

/// All lines of a field as one text (RFC 8941 section 4.2).
std::string joined(const FieldSection& fields, FieldName name);
std::string joined(const FieldSection& fields, std::string_view name);

/// More members than the RFC asks of a parser (section 3.2) make a field invalid: the search for
/// repeated keys stays cheap.
constexpr size_t members_max = 1024;

/// Nothing when `text` is no dictionary; a key given twice counts where it stands last.
std::optional<std::vector<Member>> parse_dictionary(std::string_view text);
std::optional<std::vector<Member>> parse_list(std::string_view text);

}  // namespace ringwall::http::structured
