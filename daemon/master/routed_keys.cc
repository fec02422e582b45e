#include "daemon/master/routed_keys.h"

#include <algorithm>

#include "daemon/base/text.h"
#include "daemon/caching/key.h"
#include "daemon/http/target.h"

namespace ringwall::master {
namespace {

void add_once(std::vector<std::string>& texts, std::string text) {
  if (text.empty() || std::find(texts.begin(), texts.end(), text) != texts.end()) return;
  texts.push_back(std::move(text));
}

/// "http://host:port/path" of any URL, or empty.
std::string without_query(std::string_view url) {
  conf::CacheKey settings;
  settings.query = false;
  return caching::key_of_url(url, settings);
}

/// The authority of a key that has one: between "://" and the path.
std::string_view authority_of(std::string_view key) {
  key.remove_prefix(key.find("://") + 3);
  return key.substr(0, key.find('/'));
}

std::string_view host_of(std::string_view authority) {
  http::Authority parts;
  return http::parse_authority(authority, parts) ? parts.host : authority;
}

/// Whether requests for this host may come to the route.
bool takes_host(const conf::Route& route, std::string_view host) {
  if (route.host.empty() || base::equal_ignoring_case(route.host, host)) return true;
  std::string_view suffix = route.host;
  if (!suffix.starts_with("*.")) return false;
  suffix.remove_prefix(1);
  return host.size() > suffix.size() &&
         base::equal_ignoring_case(host.substr(host.size() - suffix.size()), suffix);
}

}  // namespace

RoutedKeys::RoutedKeys(std::shared_ptr<const conf::Config> config)
    : config_(std::move(config)), router_(*config_) {}

std::optional<RoutedKeys::Place> RoutedKeys::place_of(std::string_view url) {
  std::string key = without_query(url);
  if (key.empty()) return std::nullopt;
  std::string_view authority = authority_of(key);
  size_t path = key.find("://") + 3 + authority.size();
  return Place{std::string(host_of(authority)), key.substr(path)};
}

std::vector<uint32_t> RoutedKeys::routes_at(const Place& place) const {
  std::vector<uint32_t> routes;
  for (uint32_t listener = 0; listener < config_->listeners.size(); ++listener) {
    auto route = route_at(place, listener);
    if (route && std::find(routes.begin(), routes.end(), *route) == routes.end()) {
      routes.push_back(*route);
    }
  }
  return routes;
}

RoutedKeys::Keys RoutedKeys::keys_of_url(std::string_view url) const {
  Keys found;
  auto place = place_of(url);
  if (!place) return found;
  for (uint32_t index : routes_at(*place)) {
    const conf::Route& route = config_->routes[index];
    std::string key = caching::key_of_url(url, route.cache.key, route.name);
    bool longer = !route.cache.key.fields.empty() || !route.cache.key.cookies.empty();
    if (longer && !key.empty()) add_once(found.prefixes, key + "\n");
    add_once(found.keys, std::move(key));
  }
  // What no route answers any more may still be stored.
  if (found.keys.empty()) add_once(found.keys, caching::key_of_url(url));
  return found;
}

std::vector<std::string> RoutedKeys::below(std::string_view url) const {
  std::vector<std::string> prefixes;
  std::string plain = without_query(url);
  if (plain.empty()) return prefixes;
  add_once(prefixes, caching::key_of_url(url));
  std::string_view host = host_of(authority_of(plain));
  for (const conf::Route& route : config_->routes) {
    if (!takes_host(route, host)) continue;
    conf::CacheKey settings;
    settings.host = route.cache.key.host;
    settings.path_lower_case = route.cache.key.path_lower_case;
    add_once(prefixes, caching::key_of_url(url, settings, route.name));
  }
  return prefixes;
}

std::vector<std::string> RoutedKeys::at_host(std::string_view host) const {
  std::vector<std::string> prefixes;
  http::Authority authority;
  if (!http::parse_authority(host, authority)) return prefixes;
  for (std::string_view scheme : {"http://", "https://"}) {
    std::string url = std::string(scheme).append(host);
    std::string root = caching::key_of_url(url);
    if (root.empty()) return {};
    // "http://example.org/", and "http://example.org:" for its other ports.
    if (authority.port == 0) add_once(prefixes, root.substr(0, root.size() - 1) + ":");
    for (std::string& prefix : below(url)) add_once(prefixes, std::move(prefix));
  }
  return prefixes;
}

std::string group_space_of(std::string_view origin) {
  if (origin.find("://") == std::string_view::npos) return {};
  std::string key = caching::key_of_url(origin);
  if (key.empty()) return {};
  std::string_view authority = authority_of(key);
  std::string_view scheme = std::string_view(key).substr(0, key.find("://"));
  if (scheme.size() + 3 + authority.size() + 1 != key.size()) return {};  // it has a path
  http::Authority parts;
  if (!http::parse_authority(authority, parts)) return {};
  std::string space = "group:";
  space.append(scheme).append("://").append(parts.host).append(":");
  return space + std::to_string(parts.port);
}

}  // namespace ringwall::master
