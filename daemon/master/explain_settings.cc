// The part of Explain that writes a route's cache settings as its config does.
#include <fmt/format.h>

#include "daemon/master/explain.h"

namespace ringwall::master {
namespace {

std::string text_of(conf::Duration duration) {
  double seconds = static_cast<double>(duration.count()) / 1e9;
  return fmt::format("{} s", seconds);
}

std::string text_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// Adds what is set.
class Settings {
 public:
  void always(std::string name, std::string value) {
    rows_.push_back({std::move(name), std::move(value)});
  }
  void add(std::string name, conf::Duration value) {
    if (value != conf::Duration()) always(std::move(name), text_of(value));
  }
  void add(std::string name, uint64_t value) {
    if (value != 0) always(std::move(name), std::to_string(value));
  }
  void add(std::string name, const std::string& value) {
    if (!value.empty()) always(std::move(name), value);
  }
  void add(std::string name, const std::vector<std::string>& value) {
    add(std::move(name), text_of(value));
  }
  void add_if(bool unusual, std::string name, std::string value) {
    if (unusual) always(std::move(name), std::move(value));
  }
  std::vector<control::NamedValue> take() { return std::move(rows_); }

 private:
  std::vector<control::NamedValue> rows_;
};

void add_key(const conf::CacheKey& key, Settings& settings) {
  settings.add_if(!key.query, "key.query", "false");
  settings.add("key.query_only", key.query_only);
  settings.add("key.query_without", key.query_without);
  settings.add_if(key.query_sorted, "key.query_sorted", "true");
  settings.add_if(key.path_lower_case, "key.path_lower_case", "true");
  settings.add_if(!key.host, "key.host", "false");
  settings.add("key.fields", key.fields);
  settings.add("key.cookies", key.cookies);
}

}  // namespace

std::vector<control::NamedValue> settings_of(const conf::RouteCache& cache) {
  using Cache = conf::RouteCache;
  Settings settings;
  settings.always("enabled", cache.enabled ? "true" : "false");
  settings.always("default_lifetime",
                  cache.default_lifetime ? text_of(*cache.default_lifetime) : "none");
  settings.always("grace", text_of(cache.grace));
  settings.always("heuristic_percent", std::to_string(cache.heuristic_percent));
  settings.add("heuristic_max", cache.heuristic_max);
  for (const conf::NegativeLifetime& one : cache.negative) {
    settings.always(fmt::format("negative.{}", one.status), text_of(one.lifetime));
  }
  settings.add("uncacheable_time", cache.uncacheable_time);
  settings.add("targeted_field", cache.targeted_field);
  settings.add("tag_fields", cache.tag_fields);
  settings.add("object_size_max", cache.object_size_max);
  settings.add_if(!cache.client_directives, "client_directives", "false");
  settings.add("refresh_ahead", cache.refresh_ahead);
  settings.add_if(cache.variants_max != Cache().variants_max, "variants_max",
                  std::to_string(cache.variants_max));
  settings.add_if(cache.accept_encoding == Cache::Encodings::as_sent, "accept_encoding", "as-sent");
  settings.add("languages", cache.languages);
  add_key(cache.key, settings);
  settings.add("lock_timeout", cache.lock_timeout);
  settings.add("waiters_max", cache.waiters_max);
  settings.add_if(cache.overflow == Cache::Overflow::reject, "overflow", "reject");
  return settings.take();
}

}  // namespace ringwall::master
