#include "daemon/caching/tags.h"

#include <algorithm>

#include "daemon/http/structured.h"

namespace ringwall::caching {

bool is_tag_field(const http::FieldSection& fields, const http::Field& field,
                  const conf::RouteCache& settings) {
  return !settings.tags_sent && carries_tags(fields.name(field), settings);
}

bool carries_tags(std::string_view name, const conf::RouteCache& settings) {
  return std::any_of(
      settings.tag_fields.begin(), settings.tag_fields.end(),
      [name](const std::string& field) { return base::equal_ignoring_case(field, name); });
}

std::vector<std::string> strings_in(const http::FieldSection& fields, http::FieldName name) {
  using http::structured::Item;
  std::vector<std::string> out;
  if (!fields.has(name)) return out;
  std::string text = http::structured::joined(fields, name);
  auto members = http::structured::parse_list(text);
  if (!members) return out;
  for (const http::structured::Member& member : *members) {
    if (member.inner || member.item.type != Item::Type::string) return {};
    out.push_back(member.item.string());
  }
  return out;
}

std::vector<std::string> groups_of(const http::FieldSection& fields) {
  return strings_in(fields, http::FieldName::cache_groups);
}

}  // namespace ringwall::caching
