#include "daemon/caching/storable.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "daemon/base/text.h"
#include "daemon/caching/freshness.h"
#include "daemon/http/date.h"
#include "daemon/http/entity_tag.h"
#include "daemon/http/grammar.h"
#include "daemon/http/structured.h"

namespace ringwall::caching {
namespace {

using http::CacheControl;
using http::FieldName;

template <size_t N>
bool is_one_of(unsigned status, const std::array<unsigned, N>& statuses) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

/// RFC 9110 section 15.1: statuses whose responses may be given a lifetime they do not name.
bool is_heuristically_cacheable(unsigned status) {
  return is_one_of<11>(status, {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501});
}

/// Statuses whose caching rules are known here (RFC 9111 section 5.2.2.3).
bool is_understood(unsigned status) {
  return is_heuristically_cacheable(status) ||
         is_one_of<9>(status, {302, 303, 307, 400, 403, 500, 502, 503, 504});
}

bool varies_by_anything(const http::FieldSection& fields) {
  for (std::string_view value : fields.values(FieldName::vary)) {
    if (http::list_has(value, "*")) return true;
  }
  return false;
}

/// The name of the targeted field that decides.
std::string_view targeted_name(const Directives& directives, const conf::RouteCache& settings) {
  if (directives.from == FieldName::other) return settings.targeted_field;
  return http::text_of(directives.from);
}

bool is_withheld_name(const http::FieldSection& fields, std::string_view name,
                      const Directives& directives, const conf::RouteCache& settings) {
  if (!directives.control.private_fields && !directives.control.no_cache_fields) return false;
  if (directives.targeted) {
    std::string text = http::structured::joined(fields, targeted_name(directives, settings));
    return http::names_field(text, name, true);
  }
  for (std::string_view value : fields.values(FieldName::cache_control)) {
    if (http::names_field(value, name)) return true;
  }
  return false;
}

/// The origin's Date; when the response came where it has none that is valid.
base::WallSeconds date_of(const http::FieldSection& fields, const Times& times) {
  auto date = fields.first(FieldName::date);
  return date ? http::parse_date(*date, times.received_s).value_or(times.received_s)
              : times.received_s;
}

/// One response under judgement and what was found out about it.
struct Case {
  const http::ResponseHead& response;
  const Directives& directives;
  const Times& times;
  const conf::RouteCache& settings;
  base::WallSeconds date = 0;  // the response's, or when it came

  const http::FieldSection& fields() const { return response.fields; }
  const CacheControl& control() const { return directives.control; }
  bool withheld(FieldName name) const {
    return is_withheld_name(fields(), http::text_of(name), directives, settings);
  }
  std::optional<base::WallSeconds> date_in(FieldName name) const {
    auto value = fields().only(name);
    return value ? http::parse_date(*value, times.received_s) : std::nullopt;
  }
};

/// Section 3.5: the directives that let a response to credentials be shared.
bool shares_credentials(const CacheControl& control) {
  return control.public_ || control.must_revalidate || control.s_maxage;
}

/// Why it must not be stored whatever its lifetime (section 3); empty: nothing stands against it.
std::string_view forbidden(const Case& c, bool authorized) {
  const CacheControl& control = c.control();
  unsigned status = c.response.status;
  if (status < 200 || status == 206 || status == 304) return "status";
  if (control.must_understand && !is_understood(status)) return "must-understand";
  // Section 5.2.2.3: no-store beside it is for caches that do not know the directive.
  if (control.no_store && !control.must_understand) return "no-store";
  if (control.private_) return "private";
  if (varies_by_anything(c.fields())) return "vary";
  if (c.fields().has(FieldName::set_cookie) && !c.withheld(FieldName::set_cookie)) {
    return "set-cookie";
  }
  if (authorized && !shares_credentials(control)) return "authorization";
  return {};
}

/// Section 5.1: of a list the first member counts, and what is no number is ignored.
uint32_t age_value(const http::FieldSection& fields) {
  auto value = fields.first(FieldName::age);
  if (!value) return 0;
  http::ListElements members(*value);
  return http::parse_delta_seconds(members.next().value_or("")).value_or(0);
}

struct Lifetime {
  uint32_t seconds = 0;
  std::string_view source = "none";
  uint16_t flags = 0;
  bool named = false;     // by the response or the operator, or guessed
  bool storable = false;  // section 3: something says that it may be stored
};

/// Section 4.2.1, in its order; nothing: the response names no lifetime.
std::optional<Lifetime> explicit_lifetime(const Case& c) {
  const CacheControl& control = c.control();
  if (control.s_maxage) return Lifetime{*control.s_maxage, "s-maxage", 0, true, true};
  if (control.max_age) return Lifetime{*control.max_age, "max-age", 0, true, true};
  if (c.directives.targeted || !c.fields().has(FieldName::expires)) return std::nullopt;
  // Section 5.3: an invalid date, "0" above all, or more than one is in the past. Both dates are
  // the origin's: its clock may be wrong, the difference is right.
  base::WallSeconds expires = c.date_in(FieldName::expires).value_or(c.date);
  auto seconds = std::clamp<int64_t>(expires - c.date, 0, http::delta_seconds_max);
  return Lifetime{static_cast<uint32_t>(seconds), "expires", 0, true, true};
}

/// Section 4.2.2: a part of the time since the last modification.
std::optional<uint32_t> heuristic_lifetime(const Case& c) {
  auto modified = c.date_in(FieldName::last_modified);
  if (!modified || c.settings.heuristic_percent == 0) return std::nullopt;
  int64_t unchanged = std::clamp<int64_t>(c.date - *modified, 0, INT64_C(1) << 40);
  int64_t seconds = unchanged * c.settings.heuristic_percent / 100;
  uint32_t bound = seconds_of(c.settings.heuristic_max);
  if (bound == 0) bound = http::delta_seconds_max;
  return static_cast<uint32_t>(std::min<int64_t>(seconds, bound));
}

Lifetime lifetime_of(const Case& c) {
  if (auto named = explicit_lifetime(c)) return *named;
  for (const conf::NegativeLifetime& negative : c.settings.negative) {
    if (negative.status != c.response.status) continue;
    return {seconds_of(negative.lifetime), "negative", Flag::operators, true, true};
  }
  Lifetime none;
  none.storable = is_heuristically_cacheable(c.response.status) || c.control().public_;
  if (!none.storable) return none;
  if (c.settings.default_lifetime) {
    return {seconds_of(*c.settings.default_lifetime), "default", Flag::operators, true, true};
  }
  auto guessed = heuristic_lifetime(c);
  if (!guessed) return none;
  return {*guessed, "heuristic", Flag::heuristic, *guessed > 0, true};
}

uint16_t flags_of(const Case& c) {
  const CacheControl& control = c.control();
  uint16_t flags = 0;
  auto set = [&flags](bool condition, Flag flag) {
    if (condition) flags |= flag;
  };
  // Section 5.2.2.10: s-maxage has the meaning of proxy-revalidate too.
  set(control.must_revalidate || control.proxy_revalidate || control.s_maxage,
      Flag::must_revalidate);
  set(shares_credentials(control), Flag::for_credentials);
  set(c.directives.targeted, Flag::targeted);
  auto tag = c.fields().only(FieldName::etag);
  bool has_tag = tag && http::is_entity_tag(*tag) && !c.withheld(FieldName::etag);
  bool has_date = c.date_in(FieldName::last_modified) && !c.withheld(FieldName::last_modified);
  set(has_tag || has_date, Flag::validator);
  set(has_tag && !http::is_weak(*tag), Flag::strong_validator);
  return flags;
}

/// Whether a response that is stale on arrival may be used as such for a while.
bool is_of_use_stale(const cache::Facts& facts, const Lifetime& lifetime,
                     const conf::RouteCache& settings) {
  if (has(facts, Flag::must_revalidate)) return false;
  uint32_t window = std::max(facts.stale_while_revalidate_s, facts.stale_if_error_s);
  if (lifetime.named) window = std::max(window, seconds_of(settings.grace));
  return int64_t{facts.lifetime_s} + window > facts.age_at_response_s;
}

Verdict refuse(std::string_view reason) {
  Verdict verdict;
  verdict.reason = reason;
  return verdict;
}

/// Stored for its validator only, if it has one.
Verdict keep_to_validate(Verdict verdict, std::string_view why_not) {
  if (!has(verdict.facts, Flag::validator)) return refuse(why_not);
  verdict.facts.lifetime_s = 0;
  constexpr unsigned of_the_lifetime = Flag::heuristic | Flag::operators;
  unsigned kept = verdict.facts.flags & ~of_the_lifetime;
  verdict.facts.flags = static_cast<uint16_t>(kept | Flag::always_validate);
  return verdict;
}

}  // namespace

Directives directives_of(const http::FieldSection& fields, const conf::RouteCache& settings) {
  if (!settings.targeted_field.empty()) {
    auto control = http::parse_targeted(http::structured::joined(fields, settings.targeted_field));
    if (control) return {*control, FieldName::other, true};
  }
  if (fields.has(FieldName::cdn_cache_control)) {
    auto control =
        http::parse_targeted(http::structured::joined(fields, FieldName::cdn_cache_control));
    if (control) return {*control, FieldName::cdn_cache_control, true};
  }
  Directives out;
  if (fields.has(FieldName::cache_control)) out.control = http::parse_cache_control(fields);
  return out;
}

Verdict judge(const http::ResponseHead& response, bool authorized, const Times& times,
              const conf::RouteCache& settings) {
  Directives directives = directives_of(response.fields, settings);
  const CacheControl& control = directives.control;
  Case c{response, directives, times, settings};
  c.date = date_of(response.fields, times);

  std::string_view reason = forbidden(c, authorized);
  if (!reason.empty()) return refuse(reason);
  Lifetime lifetime = lifetime_of(c);
  if (!lifetime.storable) return refuse("no-lifetime");

  Verdict verdict;
  verdict.store = true;
  verdict.reason = lifetime.source;
  verdict.withholds = control.private_fields || control.no_cache_fields;
  cache::Facts& facts = verdict.facts;
  facts.response_time_s = static_cast<uint32_t>(times.received_s);
  facts.age_at_response_s = initial_age(response.fields, times);
  facts.lifetime_s = lifetime.seconds;
  facts.stale_while_revalidate_s = control.stale_while_revalidate.value_or(0);
  facts.stale_if_error_s = control.stale_if_error.value_or(0);
  facts.status = response.status;
  facts.flags = static_cast<uint16_t>(flags_of(c) | lifetime.flags);
  if (control.no_cache) {
    verdict.reason = "no-cache";
    return keep_to_validate(verdict, "no-cache");
  }
  bool fresh = facts.lifetime_s > facts.age_at_response_s;
  if (fresh || is_of_use_stale(facts, lifetime, settings)) return verdict;
  return keep_to_validate(verdict, lifetime.named ? "stale-on-arrival" : "no-lifetime");
}

uint32_t initial_age(const http::FieldSection& fields, const Times& times) {
  int64_t apparent = std::max<int64_t>(times.received_s - date_of(fields, times), 0);
  int64_t delay = std::max<int64_t>(times.received_s - times.requested_s, 0);
  int64_t age = std::max<int64_t>(apparent, age_value(fields) + delay);
  return static_cast<uint32_t>(std::min<int64_t>(age, http::delta_seconds_max));
}

bool is_withheld(const http::FieldSection& fields, const http::Field& field,
                 const conf::RouteCache& settings) {
  return is_withheld_name(fields, fields.name(field), directives_of(fields, settings), settings);
}

}  // namespace ringwall::caching
