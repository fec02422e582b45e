#include "daemon/caching/key.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "daemon/base/text.h"
#include "daemon/route/path.h"

namespace ringwall::caching {
namespace {

uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

}  // namespace

size_t write_key(const KeyParts& parts, char* out) {
  std::string_view host = parts.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  size_t needed = parts.scheme.size() + 3 + host.size() + 6 + parts.path.size() + 1 +
                  parts.query.size();
  if (needed > key_bytes_max) return 0;
  char* at = out;
  auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put(parts.scheme);
  put("://");
  for (char c : host) *at++ = base::ascii_lower(c);
  if (parts.port != 0 && parts.port != default_port(parts.scheme)) {
    *at++ = ':';
    at = std::to_chars(at, at + 5, parts.port).ptr;
  }
  put(parts.path);
  if (parts.has_query) {
    *at++ = '?';
    put(parts.query);
  }
  return static_cast<size_t>(at - out);
}

std::string key_of_url(std::string_view url) {
  KeyParts parts;
  parts.scheme = "http";
  if (size_t at = url.find("://"); at != std::string_view::npos) {
    std::string_view scheme = url.substr(0, at);
    if (base::equal_ignoring_case(scheme, "https")) {
      parts.scheme = "https";
    } else if (!base::equal_ignoring_case(scheme, "http")) {
      return {};
    }
    url.remove_prefix(at + 3);
  }
  url = url.substr(0, url.find('#'));
  size_t slash = url.find_first_of("/?");
  std::string_view authority = url.substr(0, slash);
  std::string_view rest = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
  size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    auto port = base::parse_decimal(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return {};
    parts.port = static_cast<uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return {};
  parts.host = authority;
  size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    parts.has_query = true;
    parts.query = rest.substr(question + 1);
  }
  std::string path(rest.substr(0, question));
  if (path.empty()) path = "/";
  std::string room(path.size(), '\0');
  route::NormalPath normal = route::normalise_path(path, room.data());
  if (normal.error != route::PathError::none) return {};
  parts.path = normal.path;
  char key[key_bytes_max];
  size_t length = write_key(parts, key);
  return std::string(key, length);
}

}  // namespace ringwall::caching
