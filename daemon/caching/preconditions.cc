#include "daemon/caching/preconditions.h"

#include <optional>

#include "daemon/base/text.h"
#include "daemon/http/date.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

std::string_view opaque_tag(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

/// Takes one entity-tag off a list; nothing when the list is malformed there.
std::optional<std::string_view> next_tag(std::string_view& list) {
  size_t begin = list.starts_with("W/") ? 2 : 0;
  if (begin >= list.size() || list[begin] != '"') return std::nullopt;
  size_t end = list.find('"', begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

/// RFC 9110 section 13.1.2: weak comparison.
bool tag_listed(std::string_view list, std::string_view tag) {
  for (;;) {
    while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ',')) {
      list.remove_prefix(1);
    }
    if (list.empty()) return false;
    auto one = next_tag(list);
    if (!one) return false;
    if (opaque_tag(*one) == opaque_tag(tag)) return true;
  }
}

}  // namespace

std::string_view stored_value(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    size_t end = lines.find("\r\n");
    std::string_view line = lines.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        base::equal_ignoring_case(line.substr(0, name.size()), name)) {
      return base::trim_ows(line.substr(name.size() + 1));
    }
    if (end == std::string_view::npos) break;
    lines.remove_prefix(end + 2);
  }
  return {};
}

bool not_modified(const http::FieldSection& request, std::string_view lines,
                  base::WallSeconds now) {
  if (request.has(FieldName::if_none_match)) {
    std::string_view tag = stored_value(lines, "etag");
    for (std::string_view list : request.values(FieldName::if_none_match)) {
      if (list == "*") return true;
      if (!tag.empty() && tag_listed(list, tag)) return true;
    }
    return false;
  }
  auto since = request.only(FieldName::if_modified_since);
  if (!since) return false;
  auto date = http::parse_date(*since, now);
  auto modified = http::parse_date(stored_value(lines, "last-modified"), now);
  return date && modified && *modified <= *date;
}

}  // namespace ringwall::caching
