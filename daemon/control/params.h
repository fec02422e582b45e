// What the methods take. A server reads them with read_params, which refuses unknown members; the
// client encodes the same structs. Times are milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/control/encoding.h"
#include "daemon/control/protocol.h"

namespace ringwall::control {

struct NoParams {
  template <class Self, class Visit>
  static void members(Self&, Visit&&) {}
};

/// What to purge: exactly one of urls, prefix, host, tags, group and all; origin goes with group
/// alone. Check with valid().
struct PurgeParams {
  std::vector<std::string> urls;
  std::optional<std::string> prefix;  // a URL
  std::optional<std::string> host;    // with or without a port
  std::vector<std::string> tags;
  std::optional<std::string> group;  // of Cache-Groups (RFC 9875), at `origin`
  std::optional<std::string> origin;  // "http://host:port"
  bool all = false;
  std::optional<bool> soft;  // absent: what is usual for the kind
  bool dry_run = false;      // only count
  bool bulk = false;  // one batch of many: no list of urls in the report; those that are none do
                      // not stop the others but are listed in `wrong`

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("urls", self.urls);
    visit("prefix", self.prefix);
    visit("host", self.host);
    visit("tags", self.tags);
    visit("group", self.group);
    visit("origin", self.origin);
    visit("all", self.all);
    visit("soft", self.soft);
    visit("dry_run", self.dry_run);
    visit("bulk", self.bulk);
  }
  bool valid() const {
    int kinds = (urls.empty() ? 0 : 1) + (prefix ? 1 : 0) + (host ? 1 : 0) +
                (tags.empty() ? 0 : 1) + (group ? 1 : 0) + (all ? 1 : 0);
    return kinds == 1 && group.has_value() == origin.has_value() && (!bulk || !urls.empty());
  }
};

/// A request that nobody has sent.
struct ExplainParams {
  std::string url;
  std::vector<std::string> fields;  // "Accept-Encoding: br"
  bool head = false;                // HEAD; else GET
  std::optional<std::string> listener;  // where it comes in; absent: where there is a route for it

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("url", self.url);
    visit("fields", self.fields);
    visit("head", self.head);
    visit("listener", self.listener);
  }
};

struct ListParams {
  std::optional<std::string> prefix;  // a URL
  uint64_t limit = 100;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("prefix", self.prefix);
    visit("limit", self.limit);
  }
};

struct TopParams {
  std::string by = "hits";  // hits, bytes, origin-time
  uint64_t limit = 20;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("by", self.by);
    visit("limit", self.limit);
  }
};

struct SnapshotLoadParams {
  bool soft = false;  // all that is loaded counts as purged softly

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("soft", self.soft);
  }
};

struct WarmParams {
  static constexpr uint64_t rate_max = 10'000;
  std::vector<std::string> urls;
  std::vector<std::string> fields;  // of each request: "Accept-Encoding: br"
  uint64_t rate = 50;               // requests a second, 1 to rate_max

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("urls", self.urls);
    visit("fields", self.fields);
    visit("rate", self.rate);
  }
};

struct DrainParams {
  std::string backend;      // "upstream/backend", or the backend alone where it is unique
  bool wait = false;        // until it serves no exchange any more
  uint64_t timeout_ms = 0;  // of the wait; 0: no limit

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("backend", self.backend);
    visit("wait", self.wait);
    visit("timeout_ms", self.timeout_ms);
  }
};

struct ReadyParams {
  std::string backend;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("backend", self.backend);
  }
};

struct StopParams {
  bool graceful = true;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("graceful", self.graceful);
  }
};

/// The params of `request`; the error is the reply.
template <Described T>
base::Result<T, RpcError> read_params(const Request& request) {
  auto params = decode<T>(request.params, Unknown::refused);
  if (!params) return base::fail(RpcError(rpc_invalid_params, params.error().what));
  return std::move(*params);
}

/// Whether an operator who writes `text` means this backend: "upstream/backend" or "backend". The
/// second may match several; then all are named in the refusal.
inline bool means_backend(std::string_view text, std::string_view upstream,
                          std::string_view backend) {
  if (text == backend) return true;
  return text.size() == upstream.size() + 1 + backend.size() && text.starts_with(upstream) &&
         text[upstream.size()] == '/' && text.ends_with(backend);
}

}  // namespace ringwall::control
