// Cache-Control (RFC 9111 section 5.2) of requests and responses, read from all its field lines.
// What is unclear is read as the more restrictive: of repeated lifetimes the smallest counts, an
// invalid number means 0 (stale; section 4.2.1), a directive whose argument is broken still counts.
// Where the syntax is broken, leading restrictions still count and an unclosed quote means no-store
// and private. Numbers beyond 2^31 count as that (section 1.2.2); both token and quoted form are
// taken. Unknown directives are ignored. Pure; only targeted fields allocate.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/http/fields.h"

namespace ringwall::http {

/// delta-seconds that do not fit saturate here.
constexpr uint32_t delta_seconds_max = uint32_t{1} << 31;

struct CacheControl {
  bool no_store = false;
  bool no_cache = false;         // without field names
  bool no_cache_fields = false;  // no-cache="a, b": validation or removal of these fields
  bool private_ = false;         // without field names
  bool private_fields = false;   // private="a, b"
  bool public_ = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool no_transform = false;
  bool immutable = false;       // RFC 8246
  bool only_if_cached = false;  // requests
  bool max_stale_any = false;   // requests: max-stale without a number
  std::optional<uint32_t> max_age;
  std::optional<uint32_t> s_maxage;
  std::optional<uint32_t> stale_while_revalidate;  // RFC 5861
  std::optional<uint32_t> stale_if_error;
  std::optional<uint32_t> max_stale;  // requests
  std::optional<uint32_t> min_fresh;  // requests; of several the largest

  bool operator==(const CacheControl&) const = default;
};

/// Of all lines named `name`: cache_control, or a field with the same directives.
CacheControl parse_cache_control(const FieldSection& fields,
                                 FieldName name = FieldName::cache_control);
/// Adds one value's directives to `out`, as if it were one more line.
void add_cache_control(std::string_view value, CacheControl& out);

/// The directives of a targeted field (RFC 9213 section 2.1), whose lines are joined to `text`: a
/// dictionary of structured fields. Nothing where it is none or empty: it is then as if absent. A
/// lifetime that is no integer is ignored, a negative one is 0; a flag counts where it is true; a
/// restriction (no-store, no-cache, private) with a value of another type still counts.
std::optional<CacheControl> parse_targeted(std::string_view text);

/// Whether private="…" or no-cache="…" in `value`, a field line or (`targeted`) the joined text of
/// a targeted field, names the field `name`.
bool names_field(std::string_view value, std::string_view name, bool targeted = false);

/// delta-seconds: digits only; saturates at delta_seconds_max; nothing when it is no number.
std::optional<uint32_t> parse_delta_seconds(std::string_view text);

/// Pragma: no-cache in a request counts as Cache-Control: no-cache when that field is absent
/// (RFC 9111 section 5.4).
bool pragma_no_cache(const FieldSection& fields);

}  // namespace ringwall::http
