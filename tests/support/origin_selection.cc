#include "tests/support/origin_selection.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/support/content.h"

namespace ringwall::support {
namespace {

/// The members of a list; commas in quotes separate nothing.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      parts.emplace_back();
    } else if (c != ' ' || !parts.back().empty()) {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) part.erase(part.find_last_not_of(' ') + 1);
  std::erase(parts, std::string());
  return parts;
}

void fill_in(std::string& text, std::string_view mark, const std::string& value) {
  for (size_t at = 0; (at = text.find(mark, at)) != text.npos; at += value.size()) {
    text.replace(at, mark.size(), value);
  }
}

std::string_view opaque(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

bool lists(const std::string& list, const std::string& etag, bool weakly) {
  for (const std::string& tag : split(list)) {
    if (tag == "*") return true;
    if (etag.empty()) continue;
    if (weakly ? opaque(tag) == opaque(etag) : tag == etag && !tag.starts_with("W/")) return true;
  }
  return false;
}

/// RFC 9110 section 13.2.2; 0: nothing stands against the whole answer.
unsigned precondition(const Request& request) {
  const std::string etag = etag_of(request);
  const auto modified = parse_http_date(last_modified_of(request));
  if (const std::string list = request.values("if-match"); !list.empty()) {
    if (!lists(list, etag, false)) return 412;
  } else if (const auto since = parse_http_date(request.field("if-unmodified-since"))) {
    if (modified && *modified > *since) return 412;
  }
  const bool safe = request.method == "GET" || request.method == "HEAD";
  if (const std::string list = request.values("if-none-match"); !list.empty()) {
    if (lists(list, etag, true)) return safe ? 304 : 412;
  } else if (const auto since = parse_http_date(request.field("if-modified-since"))) {
    if (safe && modified && *modified <= *since) return 304;
  }
  return 0;
}

/// Section 13.1.5: a strong match, or the very date.
bool range_applies(const Request& request) {
  const std::string condition(request.field("if-range"));
  if (condition.empty()) return true;
  if (condition.ends_with('"')) return lists(condition, etag_of(request), false);
  return condition == last_modified_of(request);
}

/// One int-range or suffix-range; several and anything else are ignored, which is allowed.
Selection in_range(std::string_view range, uint64_t size) {
  Selection whole{200, 0, size};
  if (!range.starts_with("bytes=")) return whole;
  const std::string spec(range.substr(6));
  const size_t dash = spec.find('-');
  if (dash == spec.npos || spec.find_first_not_of("0123456789-") != spec.npos ||
      spec.find('-', dash + 1) != spec.npos) {
    return whole;
  }
  const bool open = dash + 1 == spec.size();
  uint64_t first = std::strtoull(spec.c_str(), nullptr, 10);
  uint64_t last = open ? UINT64_MAX : std::strtoull(spec.c_str() + dash + 1, nullptr, 10);
  if (dash == 0) {
    if (open) return whole;
    if (last == 0) return {416, 0, 0};
    first = last < size ? size - last : 0;
    last = UINT64_MAX;
  }
  if (last < first) return whole;
  if (first >= size) return {416, 0, 0};
  if (last >= size) last = size - 1;
  return {206, first, last - first + 1};
}

}  // namespace

std::string http_date(time_t at) {
  char text[64];
  tm parts{};
  gmtime_r(&at, &parts);
  strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::optional<time_t> parse_http_date(std::string_view text) {
  const std::string value(text);
  tm parts{};
  const char* end = strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (value.empty() || end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

std::string identity(const Request& request) {
  std::string text = request.path;
  if (request.has("version")) text += "@" + request.option("version");
  for (const std::string& name : split(request.option("varyby"))) {
    text += "|" + request.values(name);
  }
  return text;
}

std::string etag_of(const Request& request) {
  std::string etag = request.option("etag");
  char seed[16];
  std::snprintf(seed, sizeof seed, "%08x", content_seed(identity(request)));
  fill_in(etag, "{version}", request.option("version", "0"));
  fill_in(etag, "{seed}", seed);
  return etag;
}

std::string last_modified_of(const Request& request) {
  static const time_t started = time(nullptr);
  const std::string value = request.option("lm");
  if (value.empty() || value.find_first_not_of("0123456789") != value.npos) return value;
  return http_date(started - static_cast<time_t>(request.number("lm")));
}

Selection select(const Request& request, uint64_t size) {
  Selection whole{200, 0, size};
  if (const unsigned status = precondition(request); status != 0) return {status, 0, 0};
  if (request.has("always304") && (!request.field("if-none-match").empty() ||
                                   !request.field("if-modified-since").empty())) {
    return {304, 0, 0};
  }
  const std::string_view range = request.field("range");
  if (request.method != "GET" || range.empty() || request.option("ranges") == "0") return whole;
  return range_applies(request) ? in_range(range, size) : whole;
}

}  // namespace ringwall::support
