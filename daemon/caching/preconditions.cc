#include "daemon/caching/preconditions.h"

#include <optional>

#include "daemon/base/text.h"
#include "daemon/http/date.h"
#include "daemon/http/entity_tag.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// RFC 9110 section 13.1.2: weak comparison with each element.
bool is_listed(std::string_view list, std::string_view tag) {
  http::EntityTags tags(list);
  while (auto listed = tags.next()) {
    if (http::weakly_equal(*listed, tag)) return true;
  }
  return false;
}

/// The stored response's Last-Modified, else its Date.
std::optional<base::WallSeconds> last_change(std::string_view lines, base::WallSeconds now) {
  std::string_view modified = stored_value(lines, "last-modified");
  return http::parse_date(modified.empty() ? stored_value(lines, "date") : modified, now);
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
    if (!http::is_entity_tag(tag)) tag = {};
    for (std::string_view list : request.values(FieldName::if_none_match)) {
      if (list == "*") return true;
      if (!tag.empty() && is_listed(list, tag)) return true;
    }
    return false;
  }
  auto since = request.only(FieldName::if_modified_since);
  if (!since) return false;
  auto date = http::parse_date(*since, now);
  auto changed = last_change(lines, now);
  return date && changed && *changed <= *date;
}

bool if_range_holds(const http::FieldSection& request, std::string_view lines,
                    base::WallSeconds now) {
  if (!request.has(FieldName::if_range)) return true;
  auto value = request.only(FieldName::if_range);
  if (!value) return false;
  if (http::is_entity_tag(*value)) {
    return http::strongly_equal(*value, stored_value(lines, "etag"));
  }
  auto wanted = http::parse_date(*value, now);
  auto modified = http::parse_date(stored_value(lines, "last-modified"), now);
  auto date = http::parse_date(stored_value(lines, "date"), now);
  return wanted && modified && date && *wanted == *modified && *modified < *date;
}

}  // namespace ringwall::caching
