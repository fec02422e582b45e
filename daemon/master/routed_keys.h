// RoutedKeys: what an operator's words for stored responses (URL, prefix, host, origin of a group)
// mean to the cache, by the routes of the running config: each route may compose its keys in its
// own way. Of one generation, which it holds. Pure otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/route/router.h"

namespace ringwall::master {

class RoutedKeys {
 public:
  explicit RoutedKeys(std::shared_ptr<const conf::Config> config);

  const conf::Config& config() const { return *config_; }

  /// A URL as a request for it would be routed.
  struct Place {
    std::string host;  // without its port
    std::string path;  // normalised
  };
  static std::optional<Place> place_of(std::string_view url);
  /// The routes that answer there: one for each listener, each once.
  std::vector<uint32_t> routes_at(const Place& place) const;
  std::optional<uint32_t> route_at(const Place& place, uint32_t listener) const {
    return router_.find(place.host, place.path, listener);
  }

  /// Keys of a URL, and where a route adds fields or cookies to its keys, the beginnings of keys.
  struct Keys {
    std::vector<std::string> keys;      // none: it is no URL of ours
    std::vector<std::string> prefixes;
  };
  Keys keys_of_url(std::string_view url) const;

  /// The beginnings of the keys of all below a URL. None: it is no URL of ours. A query counts as
  /// it is written, whatever routes make of queries. Where a route's keys leave the host out, what
  /// its hosts share is below the URL too.
  std::vector<std::string> below(std::string_view url) const;

  /// The same for a host, "example.org" or "example.org:8080"; without a port, all its ports.
  std::vector<std::string> at_host(std::string_view host) const;

 private:
  std::shared_ptr<const conf::Config> config_;
  route::Router router_;
};

/// The space of cache::Store::hash_tag of the groups at an origin such as "http://example.org:8080"
/// (RFC 9875 section 2), as the proxy names it; empty when it is none.
std::string group_space_of(std::string_view origin);

}  // namespace ringwall::master
