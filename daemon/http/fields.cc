#include "daemon/http/fields.h"

#include "daemon/base/text.h"

namespace ringwall::http {

unsigned FieldSection::count(FieldName name) const {
  if (!has(name)) return 0;
  unsigned n = 0;
  for (const Field& field : *this) n += field.name == name;
  return n;
}

std::optional<std::string_view> FieldSection::first(FieldName name) const {
  if (!has(name)) return std::nullopt;
  for (const Field& field : *this) {
    if (field.name == name) return value(field);
  }
  return std::nullopt;
}

std::optional<std::string_view> FieldSection::only(FieldName name) const {
  std::optional<std::string_view> found;
  if (!has(name)) return found;
  for (const Field& field : *this) {
    if (field.name != name) continue;
    if (found) return std::nullopt;
    found = value(field);
  }
  return found;
}

std::optional<std::string_view> FieldSection::first(std::string_view name) const {
  FieldName known = recognise(name);
  if (known != FieldName::other) return first(known);
  if (!has(FieldName::other)) return std::nullopt;
  for (const Field& field : *this) {
    if (field.name == FieldName::other && base::equal_ignoring_case(this->name(field), name)) {
      return value(field);
    }
  }
  return std::nullopt;
}

}  // namespace ringwall::http
