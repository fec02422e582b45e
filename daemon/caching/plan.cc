#include "daemon/caching/plan.h"

#include "daemon/http/cache_control.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

// Present in few requests; one test of the mask spares the others everything below.
constexpr http::FieldMask telling_fields = {
    FieldName::authorization,       FieldName::range,         FieldName::if_match,
    FieldName::if_unmodified_since, FieldName::if_range,      FieldName::cache_control,
    FieldName::pragma};

/// The client wants nothing stored, or an answer from the origin itself (RFC 9111 section 5.2.1).
std::string_view refused_by_directives(const http::FieldSection& fields) {
  http::CacheControl control = http::parse_cache_control(fields);
  if (control.no_store) return "request-no-store";
  if (control.no_cache || http::pragma_no_cache(fields)) return "request-no-cache";
  if (control.max_age && *control.max_age == 0) return "request-max-age";
  return {};
}

}  // namespace

Plan plan(const http::RequestHead& request, bool enabled) {
  if (!enabled) return {Plan::Why::route, "off"};
  if (request.method != http::Method::get && request.method != http::Method::head) {
    return {Plan::Why::method, {}};
  }
  if (request.framing.kind != http::Framing::Kind::none) return {Plan::Why::request, "content"};
  const http::FieldSection& fields = request.fields;
  if (!fields.present().intersects(telling_fields)) return {};
  // RFC 9111 section 3.5: answers to credentials are shared only where the response says so, which
  // is not evaluated: they are not stored.
  if (fields.has(FieldName::authorization)) return {Plan::Why::request, "authorization"};
  if (fields.has(FieldName::range)) return {Plan::Why::request, "range"};
  if (fields.has(FieldName::if_match) || fields.has(FieldName::if_unmodified_since) ||
      fields.has(FieldName::if_range)) {
    return {Plan::Why::request, "precondition"};
  }
  std::string_view refused = refused_by_directives(fields);
  if (!refused.empty()) return {Plan::Why::request, refused};
  return {};
}

}  // namespace ringwall::caching
