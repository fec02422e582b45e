// The router: host, path and listener of a request to the route that answers it.
//
// Built once from a Config, then read only: any number of lookups, none of which allocates or
// fails. Of all routes that match, the most specific host decides first (the exact name, then the
// wildcard with the longest suffix, then any host), the most specific path second (the exact path,
// then the longest prefix), and a route bound to this listener third, over one for all listeners.
// So a host without a route for a path falls through to a wildcard's and then to any host's.
// Prefixes match whole segments: "/static" matches "/static" and "/static/x" but not "/staticfoo";
// "/static/" matches "/static/x" but not "/static".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/model.h"

namespace ringwall::route {

class Router {
 public:
  Router() = default;
  /// Keeps no reference to `config`.
  explicit Router(const conf::Config& config);

  /// The index in Config::routes, or nothing (404). `host` comes without port, in any case, with or
  /// without a trailing dot; empty: only routes for any host. `path` comes normalised
  /// (daemon/route/path.h) and without query. `listener` is the index in Config::listeners.
  std::optional<uint32_t> find(std::string_view host, std::string_view path,
                               uint32_t listener) const;

 private:
  /// A route at one path of one host, and the listeners it is for as a bit mask.
  struct Candidate {
    uint64_t listeners;
    uint32_t route;
  };
  /// One path of one host. Paths of a host are sorted; `parent` is the longest other path of the
  /// host that this one begins with, or none.
  struct Path {
    uint32_t text;  // offset in text_
    uint32_t length;
    uint32_t parent;
    uint32_t exact;   // candidates_[exact, prefix) match this very path
    uint32_t prefix;  // candidates_[prefix, end) match it and what is below
    uint32_t end;
  };
  /// A host pattern: its text (wildcards without "*."), and its paths_[first, last), which all
  /// begin with the same `shared` characters.
  struct Host {
    uint64_t hash;
    uint32_t text;
    uint32_t length;
    uint32_t first;
    uint32_t last;
    uint32_t shared;
    bool wildcard;
  };
  static constexpr uint32_t none = UINT32_MAX;

  uint32_t add_text(std::string_view text);
  void add_host(const conf::Config& config, std::string_view pattern,
                const std::vector<uint32_t>& routes);
  void add_path(std::string_view path, uint32_t host_first);
  void build_keys(Host& host);
  void build_index();
  std::string_view text_at(uint32_t offset, uint32_t length) const {
    return std::string_view(text_.data() + offset, length);
  }
  uint32_t find_host(std::string_view name, bool wildcard) const;
  uint32_t find_named(std::string_view name, std::string_view path, uint64_t listener) const;
  uint32_t nearest_path(const Host& host, std::string_view path) const;
  uint32_t find_path(const Host& host, std::string_view path, uint64_t listener) const;
  uint32_t pick(uint32_t first, uint32_t last, uint64_t listener) const;

  std::string text_;
  std::vector<Candidate> candidates_;
  std::vector<Path> paths_;
  std::vector<uint64_t> keys_;  // of each path what follows the host's shared part, 8 characters
  std::vector<Host> hosts_;
  std::vector<uint32_t> index_;           // open addressing over hosts_, a power of two
  uint64_t wildcard_labels_[2] = {0, 0};  // bit n: some wildcard's suffix has n labels
  uint32_t any_host_ = none;
};

}  // namespace ringwall::route
