// The field names that ringwall gives meaning to (RFC 9110 section 5.1), recognised once when a
// head is parsed, so that all later questions compare one byte. Fewer than 64, so that the names
// present in a field section fit one word. Names not listed are `other` and compared as text. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace ringwall::http {

enum class FieldName : uint8_t {
  other = 0,
  host,
  connection,
  content_length,
  transfer_encoding,
  te,
  trailer,
  upgrade,
  keep_alive,
  proxy_connection,
  proxy_authenticate,
  proxy_authorization,
  proxy_authentication_info,
  http2_settings,
  expect,
  via,
  forwarded,
  x_forwarded_for,
  x_forwarded_proto,
  x_forwarded_host,
  x_forwarded_port,
  x_real_ip,
  authorization,
  cookie,
  set_cookie,
  cache_control,
  cdn_cache_control,
  cache_status,
  cache_groups,
  cache_group_invalidation,
  pragma,
  age,
  date,
  expires,
  etag,
  last_modified,
  vary,
  if_match,
  if_none_match,
  if_modified_since,
  if_unmodified_since,
  if_range,
  range,
  content_range,
  accept_ranges,
  content_type,
  content_encoding,
  content_language,
  content_location,
  location,
  server,
  user_agent,
  referer,
  origin,
  accept,
  accept_encoding,
  accept_language,
  retry_after,
  allow,
  max_forwards,
  warning,
  www_authenticate,
  count_,
};

constexpr unsigned field_names = static_cast<unsigned>(FieldName::count_);
static_assert(field_names <= 64, "FieldMask has one bit a name");

/// The name in any case; `other` when it is none of ours. Exact for any bytes, tokens or not.
FieldName recognise(std::string_view name);

/// As it is written: "Content-Length", "ETag". Requires: name is not `other`.
std::string_view text_of(FieldName name);

/// A set of field names.
class FieldMask {
 public:
  constexpr FieldMask() = default;
  constexpr FieldMask(std::initializer_list<FieldName> names) {
    for (FieldName name : names) add(name);
  }
  constexpr bool has(FieldName name) const {
    return (bits_ >> static_cast<unsigned>(name) & 1) != 0;
  }
  constexpr void add(FieldName name) { bits_ |= uint64_t{1} << static_cast<unsigned>(name); }
  constexpr bool intersects(FieldMask other) const { return (bits_ & other.bits_) != 0; }
  constexpr FieldMask operator|(FieldMask other) const {
    FieldMask both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }

 private:
  uint64_t bits_ = 0;
};

}  // namespace ringwall::http
