#include "daemon/http/cache_control.h"

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"
#include "daemon/http/structured.h"

namespace ringwall::http {
namespace {

using Seconds = std::optional<uint32_t>;

void take_smallest(Seconds& into, Seconds value) {
  uint32_t given = value.value_or(0);  // RFC 9111 section 4.2.1: an invalid lifetime is stale
  into = into ? std::min(*into, given) : given;
}

void take_largest(Seconds& into, Seconds value) {
  uint32_t given = value.value_or(delta_seconds_max);
  into = into ? std::max(*into, given) : given;
}

struct Flag {
  std::string_view name;
  bool CacheControl::*member;
};
constexpr Flag flags[] = {
    {"no-store", &CacheControl::no_store},
    {"public", &CacheControl::public_},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"no-transform", &CacheControl::no_transform},
    {"immutable", &CacheControl::immutable},
    {"only-if-cached", &CacheControl::only_if_cached},
};

struct Lifetime {
  std::string_view name;
  Seconds CacheControl::*member;
};
constexpr Lifetime lifetimes[] = {
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    {"stale-if-error", &CacheControl::stale_if_error},
};

/// At least one field name and nothing else.
bool is_list_of_names(std::string_view text) {
  ListElements names(text);
  bool any = false;
  while (auto name = names.next()) {
    if (!is_token(*name)) return false;
    any = true;
  }
  return any;
}

/// no-cache and private: the qualified form names fields, anything unclear is the bare form.
void take_qualified(const Parameter& directive, bool& bare, bool& with_fields) {
  bool qualified = directive.has_value && directive.valid && is_list_of_names(directive.value);
  (qualified ? with_fields : bare) = true;
}

/// What is no directive ("no-store; private" written with the wrong separator): nothing in it may
/// widen what is allowed, but a leading restriction counts.
void take_malformed(const Parameter& directive, CacheControl& out) {
  std::string_view name = directive.name;
  size_t n = 0;
  while (n < name.size() && is_token_char(name[n])) ++n;
  name = name.substr(0, n);
  if (base::equal_ignoring_case(name, "no-store")) out.no_store = true;
  if (base::equal_ignoring_case(name, "no-cache")) out.no_cache = true;
  if (base::equal_ignoring_case(name, "private")) out.private_ = true;
}

void take(const Parameter& directive, CacheControl& out) {
  if (!directive.valid) take_malformed(directive, out);
  auto is = [&directive](std::string_view name) {
    return base::equal_ignoring_case(directive.name, name);
  };
  Seconds seconds = directive.valid ? parse_delta_seconds(directive.value) : std::nullopt;
  for (const Lifetime& lifetime : lifetimes) {
    if (is(lifetime.name)) return take_smallest(out.*lifetime.member, seconds);
  }
  for (const Flag& flag : flags) {
    if (!is(flag.name)) continue;
    out.*flag.member = true;
    return;
  }
  if (is("no-cache")) return take_qualified(directive, out.no_cache, out.no_cache_fields);
  if (is("private")) return take_qualified(directive, out.private_, out.private_fields);
  if (is("min-fresh")) return take_largest(out.min_fresh, seconds);
  if (is("max-stale")) {
    if (directive.has_value) return take_smallest(out.max_stale, seconds);
    out.max_stale_any = true;
  }
}

using structured::Item;
using structured::Member;

bool is_true(const Member& member) {
  return !member.inner && member.item.type == Item::Type::boolean && member.item.integer == 1;
}
bool is_false(const Member& member) {
  return !member.inner && member.item.type == Item::Type::boolean && member.item.integer == 0;
}
bool is_string(const Member& member) {
  return !member.inner && member.item.type == Item::Type::string;
}

void take_restriction(const Member& member, bool& bare, bool& with_fields) {
  if (is_false(member)) return;
  bool qualified = is_string(member) && is_list_of_names(member.item.text);
  (qualified ? with_fields : bare) = true;
}

void take_targeted(const Member& member, CacheControl& out) {
  if (member.key == "no-store") out.no_store = !is_false(member);
  if (member.key == "no-cache") take_restriction(member, out.no_cache, out.no_cache_fields);
  if (member.key == "private") take_restriction(member, out.private_, out.private_fields);
  for (const Flag& flag : flags) {
    if (member.key == flag.name && is_true(member)) out.*flag.member = true;
  }
  for (const Lifetime& lifetime : lifetimes) {
    if (member.key != lifetime.name || member.inner) continue;
    if (member.item.type != Item::Type::integer) continue;
    out.*lifetime.member =
        static_cast<uint32_t>(std::clamp<int64_t>(member.item.integer, 0, delta_seconds_max));
  }
}

bool is_qualifiable(std::string_view directive) {
  return base::equal_ignoring_case(directive, "private") ||
         base::equal_ignoring_case(directive, "no-cache");
}

}  // namespace

std::optional<CacheControl> parse_targeted(std::string_view text) {
  auto members = structured::parse_dictionary(text);
  if (!members || members->empty()) return std::nullopt;
  CacheControl out;
  for (const Member& member : *members) take_targeted(member, out);
  return out;
}

bool names_field(std::string_view value, std::string_view name, bool targeted) {
  if (targeted) {
    auto members = structured::parse_dictionary(value);
    if (!members) return false;
    for (const Member& member : *members) {
      if (!is_qualifiable(member.key) || !is_string(member)) continue;
      if (list_has(member.item.text, name)) return true;
    }
    return false;
  }
  ListElements directives(value);
  while (auto text = directives.next()) {
    Parameter directive = parse_parameter(*text);
    if (!directive.valid || !is_qualifiable(directive.name)) continue;
    if (list_has(directive.value, name)) return true;
  }
  return false;
}

void add_cache_control(std::string_view value, CacheControl& out) {
  ListElements directives(value);
  while (auto text = directives.next()) {
    Parameter directive = parse_parameter(*text);
    // Where a quoted string does not end nobody knows what it has swallowed.
    if (!directive.valid && text->find('"') != std::string_view::npos) {
      out.no_store = out.private_ = true;
    }
    take(directive, out);
  }
}

CacheControl parse_cache_control(const FieldSection& fields, FieldName name) {
  CacheControl out;
  for (std::string_view value : fields.values(name)) add_cache_control(value, out);
  return out;
}

std::optional<uint32_t> parse_delta_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (!base::is_digit(c)) return std::nullopt;
    value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(c - '0'), delta_seconds_max);
  }
  return static_cast<uint32_t>(value);
}

bool pragma_no_cache(const FieldSection& fields) {
  if (fields.has(FieldName::cache_control)) return false;
  for (std::string_view value : fields.values(FieldName::pragma)) {
    if (list_has(value, "no-cache")) return true;
  }
  return false;
}

}  // namespace ringwall::http
