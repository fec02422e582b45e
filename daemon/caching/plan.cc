#include "daemon/caching/plan.h"

#include "daemon/http/cache_control.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

// Present in few requests; one test of the mask spares the others everything below.
constexpr http::FieldMask telling_fields = {FieldName::authorization, FieldName::if_match,
                                            FieldName::if_unmodified_since,
                                            FieldName::cache_control, FieldName::pragma};

Demands demands_of(const http::FieldSection& fields) {
  http::CacheControl control = http::parse_cache_control(fields);
  Demands demands;
  demands.no_cache = control.no_cache || control.no_cache_fields || http::pragma_no_cache(fields);
  demands.no_store = control.no_store;
  demands.only_if_cached = control.only_if_cached;
  demands.max_stale_any = control.max_stale_any;
  demands.max_age = control.max_age;
  demands.max_stale = control.max_stale;
  demands.min_fresh = control.min_fresh;
  demands.stale_if_error = control.stale_if_error;
  return demands;
}

Plan pass(Plan::Why why, std::string_view detail) {
  Plan plan;
  plan.way = Plan::Way::pass;
  plan.why = why;
  plan.detail = detail;
  return plan;
}

}  // namespace

Plan plan(const http::RequestHead& request, const conf::RouteCache& settings) {
  if (!settings.enabled) return pass(Plan::Why::route, "off");
  if (request.method != http::Method::get && request.method != http::Method::head) {
    return pass(Plan::Why::method, {});
  }
  if (request.framing.kind != http::Framing::Kind::none) {
    return pass(Plan::Why::request, "content");
  }
  const http::FieldSection& fields = request.fields;
  Plan plan;
  if (!fields.present().intersects(telling_fields)) return plan;
  // RFC 9111 section 4.3.2: these are for the origin server.
  if (fields.has(FieldName::if_match) || fields.has(FieldName::if_unmodified_since)) {
    return pass(Plan::Why::request, "precondition");
  }
  if (settings.client_directives) plan.demands = demands_of(fields);
  // With only-if-cached nothing is fetched that could be stored (section 5.2.1.7).
  if (plan.demands.no_store && !plan.demands.only_if_cached) {
    Plan passing = pass(Plan::Why::request, "no-store");
    passing.demands = plan.demands;
    return passing;
  }
  plan.authorized = fields.has(FieldName::authorization);
  if (plan.authorized) {
    plan.way = Plan::Way::alone;
    plan.why = Plan::Why::request;
    plan.detail = "authorization";
  }
  return plan;
}

}  // namespace ringwall::caching
