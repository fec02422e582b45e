#include "daemon/caching/key.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include "daemon/base/text.h"
#include "daemon/caching/key_query.h"
#include "daemon/http/target.h"
#include "daemon/route/path.h"

namespace ringwall::caching {
namespace {

uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

/// The key as it grows; once something has not fitted nothing more is written.
class Writer {
 public:
  explicit Writer(char* out) : out_(out) {}
  void put(std::string_view text) {
    if (!fits(text.size()) || text.empty()) return;
    std::memcpy(out_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  void put_lower(std::string_view text) {
    if (!fits(text.size())) return;
    for (char c : text) out_[size_++] = base::ascii_lower(c);
  }
  void query(std::string_view query, const conf::CacheKey& settings) {
    auto written = write_query(query, settings, {out_ + size_, key_bytes_max - size_});
    ok_ = ok_ && written.has_value();
    if (ok_) size_ += written->size();
  }
  /// There is no key.
  void refuse() { ok_ = false; }
  /// The length of the key, or 0.
  size_t length() const { return ok_ ? size_ : 0; }

 private:
  bool fits(size_t bytes) { return ok_ = ok_ && bytes <= key_bytes_max - size_; }

  char* out_;
  size_t size_ = 0;
  bool ok_ = true;
};

void put_origin(const KeyParts& parts, const conf::CacheKey& settings, Writer& key) {
  key.put(parts.scheme);
  key.put("://");
  if (!settings.host) {
    // Without a name of their own the hosts of all such routes would share.
    if (parts.group.empty()) key.refuse();
    key.put("(");
    key.put(parts.group);
    key.put(")");
    return;
  }
  std::string_view host = parts.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  key.put_lower(host);
  if (parts.port == 0 || parts.port == default_port(parts.scheme)) return;
  char digits[5];
  char* end = std::to_chars(digits, digits + sizeof(digits), parts.port).ptr;
  key.put(":");
  key.put({digits, static_cast<size_t>(end - digits)});
}

/// All lines of the field as one list.
void put_field(const std::string& name, const http::FieldSection& request, Writer& key) {
  key.put("\n");
  key.put_lower(name);
  bool first = true;
  for (const http::Field& field : request) {
    if (!base::equal_ignoring_case(request.name(field), name)) continue;
    key.put(first ? ": " : ", ");
    key.put(request.value(field));
    first = false;
  }
}

/// The value of the first cookie with this name, in exactly this case (RFC 6265 section 5.4).
std::optional<std::string_view> cookie(std::string_view name, const http::FieldSection& request) {
  for (std::string_view rest : request.values(http::FieldName::cookie)) {
    while (!rest.empty()) {
      std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      if (base::trim_ows(pair.substr(0, equals)) == name) {
        return base::trim_ows(pair.substr(equals + 1));
      }
    }
  }
  return std::nullopt;
}

void put_cookie(const std::string& name, const http::FieldSection& request, Writer& key) {
  key.put("\ncookie ");
  key.put(name);
  auto value = cookie(name, request);
  if (!value) return;
  key.put("=");
  key.put(*value);
}

void put_url(const KeyParts& parts, const conf::CacheKey& settings, Writer& key) {
  put_origin(parts, settings, key);
  if (settings.path_lower_case) {
    key.put_lower(parts.path);
  } else {
    key.put(parts.path);
  }
  if (parts.has_query) key.query(parts.query, settings);
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Takes "http://" or "https://" off `url`; nothing when it has another scheme.
std::optional<std::string_view> take_scheme(std::string_view& url) {
  size_t at = url.find("://");
  if (at == std::string_view::npos || at > url.find_first_of("/?#")) return "http";
  std::string_view scheme = url.substr(0, at);
  url.remove_prefix(at + 3);
  if (base::equal_ignoring_case(scheme, "https")) return "https";
  if (base::equal_ignoring_case(scheme, "http")) return "http";
  return std::nullopt;
}

}  // namespace

size_t write_key(const KeyParts& parts, const conf::CacheKey& settings,
                 const http::FieldSection& request, char* out) {
  Writer key(out);
  put_url(parts, settings, key);
  for (const std::string& name : settings.fields) put_field(name, request, key);
  for (const std::string& name : settings.cookies) put_cookie(name, request, key);
  return key.length();
}

std::string key_of_url(std::string_view url, const conf::CacheKey& settings,
                       std::string_view group) {
  if (!is_visible(url)) return {};
  KeyParts parts;
  auto scheme = take_scheme(url);
  if (!scheme) return {};
  parts.scheme = *scheme;
  parts.group = group;
  url = url.substr(0, url.find('#'));
  http::Authority authority;
  std::string_view host = url.substr(0, url.find_first_of("/?"));
  if (!http::parse_authority(host, authority)) return {};
  parts.host = authority.host;
  parts.port = authority.port;
  url.remove_prefix(host.size());
  std::string_view before_query = url.substr(0, url.find('?'));
  parts.has_query = before_query.size() < url.size();
  if (parts.has_query) parts.query = url.substr(before_query.size() + 1);
  std::string path(before_query.empty() ? "/" : before_query);
  std::string room(path.size(), '\0');
  route::NormalPath normal = route::normalise_path(path, room.data());
  if (normal.error != route::PathError::none) return {};
  parts.path = normal.path;
  char out[key_bytes_max];
  Writer key(out);
  put_url(parts, settings, key);
  return std::string(out, key.length());
}

}  // namespace ringwall::caching
