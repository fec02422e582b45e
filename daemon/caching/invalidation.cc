#include "daemon/caching/invalidation.h"

#include <algorithm>
#include <optional>

#include "daemon/base/text.h"
#include "daemon/caching/tags.h"
#include "daemon/http/structured.h"
#include "daemon/http/target.h"
#include "daemon/route/path.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// A URI in its parts (RFC 3986 section 3), without fragment.
struct Uri {
  std::string_view scheme;  // empty: a relative reference
  std::string_view authority;
  bool has_authority = false;
  std::string_view path;
  std::string_view query;  // with its "?"
};

bool is_scheme(std::string_view text) {
  auto is_alpha = [](char c) {
    c = base::ascii_lower(c);
    return c >= 'a' && c <= 'z';
  };
  return !text.empty() && is_alpha(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_alpha(c) || base::is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

Uri split(std::string_view text) {
  Uri uri;
  text = text.substr(0, text.find('#'));
  size_t colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    uri.has_authority = true;
    uri.authority = text.substr(0, text.find_first_of("/?"));
    text.remove_prefix(uri.authority.size());
  }
  uri.path = text.substr(0, text.find('?'));
  uri.query = text.substr(uri.path.size());
  return uri;
}

uint16_t port_of(const http::Authority& authority, std::string_view scheme) {
  if (authority.port != 0) return authority.port;
  return base::equal_ignoring_case(scheme, "https") ? 443 : 80;
}

bool same_origin(const Uri& a, const Uri& b) {
  http::Authority one;
  http::Authority two;
  return base::equal_ignoring_case(a.scheme, b.scheme) && http::parse_authority(a.authority, one) &&
         http::parse_authority(b.authority, two) && http::same_host(one.host, two.host) &&
         port_of(one, a.scheme) == port_of(two, b.scheme);
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// RFC 3986 section 5.2.2 for references of the base's own origin; nothing for others.
std::optional<std::string> resolve(const Uri& base, std::string_view reference) {
  if (!is_visible(reference)) return std::nullopt;
  Uri to = split(reference);
  if (!to.scheme.empty() && !to.has_authority) return std::nullopt;
  if (to.scheme.empty()) to.scheme = base.scheme;
  if (to.has_authority && !same_origin(to, base)) return std::nullopt;
  std::string path(to.path);
  std::string_view query = to.query;
  if (!to.has_authority && to.path.empty()) {
    path = base.path;
    if (query.empty()) query = base.query;
  } else if (!to.has_authority && to.path.front() != '/') {
    path.insert(0, base.path.substr(0, base.path.rfind('/') + 1));
  }
  if (!path.starts_with('/')) path.insert(0, 1, '/');
  std::string room(path.size(), '\0');
  route::NormalPath normal = route::normalise_path(path, room.data());
  if (normal.error != route::PathError::none) return std::nullopt;
  std::string out(base.scheme);
  out.append("://").append(base.authority).append(normal.path).append(query);
  return out;
}

}  // namespace

std::vector<std::string> also_invalid(const http::FieldSection& response, std::string_view base) {
  std::vector<std::string> out;
  Uri from = split(base);
  for (FieldName name : {FieldName::location, FieldName::content_location}) {
    for (std::string_view value : response.values(name)) {
      auto uri = resolve(from, value);
      if (!uri || *uri == base) continue;
      if (std::find(out.begin(), out.end(), *uri) == out.end()) out.push_back(*uri);
    }
  }
  return out;
}

std::vector<std::string> invalid_groups(const http::FieldSection& response) {
  return strings_in(response, FieldName::cache_group_invalidation);
}

}  // namespace ringwall::caching
