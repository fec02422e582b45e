#include "daemon/caching/storable.h"

#include <chrono>

#include "daemon/base/text.h"
#include "daemon/http/cache_control.h"
#include "daemon/http/date.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// RFC 9110 section 15.1: statuses whose responses may be given a lifetime they do not name.
bool is_heuristically_cacheable(unsigned status) {
  switch (status) {
    case 200: case 203: case 204: case 300: case 301: case 308:
    case 404: case 405: case 410: case 414: case 501:
      return true;
    default:
      return false;
  }
}

/// Statuses whose caching rules are known here (RFC 9111 section 5.2.2.3).
bool is_understood(unsigned status) {
  switch (status) {
    case 302: case 303: case 307: case 400: case 403: case 500: case 502: case 503: case 504:
      return true;
    default:
      return is_heuristically_cacheable(status);
  }
}

/// Why it must not be stored whatever its lifetime; empty: nothing stands against it.
std::string_view forbidden(const http::ResponseHead& response, const http::CacheControl& control) {
  if (control.no_store) return "no-store";
  if (control.must_understand && !is_understood(response.status)) return "must-understand";
  if (control.private_ || control.private_fields) return "private";
  if (control.no_cache || control.no_cache_fields) return "no-cache";
  if (response.status < 200 || response.status == 206 || response.status == 304) return "status";
  if (response.fields.has(FieldName::set_cookie)) return "set-cookie";
  if (response.fields.has(FieldName::vary)) return "vary";
  return {};
}

/// Section 4.2.3; a value that is no number makes the response as old as can be.
uint32_t age_value(const http::FieldSection& fields) {
  auto value = fields.first(FieldName::age);
  if (!value) return 0;
  std::string_view first = base::trim_ows(value->substr(0, value->find(',')));
  return http::parse_delta_seconds(first).value_or(http::delta_seconds_max);
}

/// Section 4.2.1, in its order; nothing: the response names no lifetime.
std::optional<int64_t> explicit_lifetime(const http::FieldSection& fields,
                                         const http::CacheControl& control,
                                         base::WallSeconds date, base::WallSeconds now) {
  if (control.s_maxage) return *control.s_maxage;
  if (control.max_age) return *control.max_age;
  if (!fields.has(FieldName::expires)) return std::nullopt;
  // Section 5.3: an invalid date, "0" above all, or more than one is in the past.
  auto value = fields.only(FieldName::expires);
  if (!value) return 0;
  auto expires = http::parse_date(*value, now);
  if (!expires) return 0;
  return std::clamp<int64_t>(*expires - date, 0, http::delta_seconds_max);
}

Verdict refuse(std::string_view reason) {
  Verdict verdict;
  verdict.reason = reason;
  return verdict;
}

}  // namespace

Verdict judge(const http::ResponseHead& response, const Times& times,
              std::optional<base::Duration> default_lifetime) {
  const http::FieldSection& fields = response.fields;
  http::CacheControl control;
  if (fields.has(FieldName::cache_control)) control = http::parse_cache_control(fields);
  std::string_view reason = forbidden(response, control);
  if (!reason.empty()) return refuse(reason);

  base::WallSeconds date = times.received_s;
  if (auto value = fields.first(FieldName::date)) {
    date = http::parse_date(*value, times.received_s).value_or(times.received_s);
  }
  auto lifetime = explicit_lifetime(fields, control, date, times.received_s);
  if (!lifetime && default_lifetime && is_heuristically_cacheable(response.status)) {
    lifetime = std::chrono::duration_cast<std::chrono::seconds>(*default_lifetime).count();
  }
  if (!lifetime) return refuse("no-lifetime");

  int64_t apparent = std::max<int64_t>(times.received_s - date, 0);
  int64_t delay = std::max<int64_t>(times.received_s - times.requested_s, 0);
  int64_t age = std::max<int64_t>(apparent, age_value(fields) + delay);
  Verdict verdict;
  verdict.freshness.response_time_s = times.received_s;
  verdict.freshness.age_at_response_s =
      static_cast<uint32_t>(std::min<int64_t>(age, http::delta_seconds_max));
  verdict.freshness.lifetime_s =
      static_cast<uint32_t>(std::min<int64_t>(*lifetime, http::delta_seconds_max));
  if (!is_fresh(verdict.freshness, times.received_s)) return refuse("stale-on-arrival");
  verdict.store = true;
  return verdict;
}

}  // namespace ringwall::caching
