// Rules of caching: names of fields, and settings that can have no effect.
#include <fmt/format.h>

#include "conf/check.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

/// One `cache` table under examination.
struct Case {
  const Node& table;
  std::string label;
  Problems& errors;

  void tokens(std::string_view key, const std::vector<std::string>& values, std::string_view noun) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (is_token(values[i])) continue;
      const Entry* entry = table.find(key);
      Where where = entry != nullptr && i < entry->value.items.size() ? entry->value.items[i].where
                                                                      : place_of(table, key);
      errors.push_back({where, fmt::format("{}.{}", label, key),
                        fmt::format("\"{}\" is no {}", base::escaped(values[i]), noun),
                        "a token of RFC 9110", "", ""});
    }
  }
};

}  // namespace

void check_route_cache(const RouteCache& cache, const Node& route, Problems& errors) {
  const Entry* entry = route.find("cache");
  if (entry == nullptr || entry->value.kind != Node::Kind::table) return;
  Case c{entry->value, "route.cache", errors};
  if (!cache.targeted_field.empty()) c.tokens("targeted_field", {cache.targeted_field}, "field name");
  c.tokens("tag_fields", cache.tag_fields, "field name");
  c.tokens("languages", cache.languages, "language");
  const Entry* key = entry->value.find("key");
  if (key == nullptr || key->value.kind != Node::Kind::table) return;
  Case k{key->value, "route.cache.key", errors};
  k.tokens("fields", cache.key.fields, "field name");
  k.tokens("cookies", cache.key.cookies, "name of a cookie");
  if (cache.key.query) return;
  for (std::string_view name : {"query_only", "query_without"}) {
    if (key->value.find(name) == nullptr) continue;
    errors.push_back({place_of(key->value, name), fmt::format("route.cache.key.{}", name),
                      "no effect: the query does not belong to the key", "", "",
                      "leave out query = false or this"});
  }
}

void check_cache(const Cache& cache, const Node& table, Problems& warnings) {
  if (cache.purge_token.empty() || !cache.purge_from.empty()) return;
  warnings.push_back({place_of(table, "purge_token"), "cache.purge_token",
                      "no effect: purge_from names no network", "", "", ""});
}

}  // namespace ringwall::conf
