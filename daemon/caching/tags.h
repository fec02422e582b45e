// What a response can be purged by together with others: the words of the operator's tag fields
// (Cache-Tag, Surrogate-Key, xkey) and its Cache-Groups (RFC 9875). Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/text.h"
#include "daemon/http/fields.h"

namespace ringwall::caching {

/// Tags longer than this, and more than `cache::tags_max` of them, are left out.
constexpr size_t tag_bytes_max = 256;

/// Whether the route's tag fields have this one among them.
bool carries_tags(std::string_view name, const conf::RouteCache& settings);

/// Calls f(word) for each tag of the fields that the route names; separated by commas and white
/// space, exact in case.
template <class F>
void each_tag(const http::FieldSection& fields, const conf::RouteCache& settings, F f) {
  if (settings.tag_fields.empty()) return;
  size_t told = 0;
  for (const http::Field& field : fields) {
    if (!carries_tags(fields.name(field), settings)) continue;
    std::string_view rest = fields.value(field);
    while (told < cache::tags_max) {
      rest.remove_prefix(std::min(rest.find_first_not_of(", \t"), rest.size()));
      if (rest.empty()) break;
      std::string_view tag = rest.substr(0, rest.find_first_of(", \t"));
      rest.remove_prefix(tag.size());
      if (tag.size() > tag_bytes_max) continue;
      f(tag);
      ++told;
    }
  }
}

/// Whether the field carries tags for this cache only and is not sent on.
bool is_tag_field(const http::FieldSection& fields, const http::Field& field,
                  const conf::RouteCache& settings);

/// The members of a list of strings (RFC 8941); empty when the field is none.
std::vector<std::string> strings_in(const http::FieldSection& fields, http::FieldName name);

/// The members of Cache-Groups; empty when the field is no valid list of strings.
std::vector<std::string> groups_of(const http::FieldSection& fields);

}  // namespace ringwall::caching
