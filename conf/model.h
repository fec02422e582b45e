// The validated config as plain values: what every other part of ringwall reads.
//
// Built by conf::load (conf/load.h) and never changed afterwards; one Config lives as long as the
// generation (snapshot) that was made from it. All names refer to things that exist: the checker
// has resolved them to indices. Durations are nanoseconds, sizes are bytes.
// The keys, their defaults and their help stand in one table, conf/schema.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/address.h"
#include "daemon/base/log.h"
#include "daemon/base/time.h"

namespace ringwall::conf {

using base::Duration;

/// [process]
struct Process {
  unsigned workers = 1;              // config: a number or "auto" (one a CPU)
  std::string user;                  // workers run as; empty: as the master
  std::string group;                 // empty: the user's group
  std::string pid_file;              // empty: none
  uint64_t connections_max = 0;      // per worker; open client connections, excess is not accepted
  Duration stop_deadline{};          // graceful stop: how long exchanges in flight may go on
  Duration heartbeat_deadline{};     // a worker silent for so long is killed
};

/// [control]
struct Control {
  std::string socket;                // path of the Unix socket
  std::string group;                 // group that may connect; empty: the master's
};

/// [log]
struct Log {
  base::LogLevel level = base::LogLevel::notice;
  std::string error_file;            // empty: standard error
  std::string access_file;           // empty: no access log; "stdout" as itself
  enum class Format { combined, json } format = Format::combined;
};

/// [cache]
// Of [cache] size_max; the segment's tables leave room for no more.
constexpr uint64_t cache_size_max = uint64_t{255} << 30;

struct Cache {
  uint64_t size = 0;                 // bytes of the arena; 0: no cache
  uint64_t size_max = 0;             // to which a reload may raise it; 0: twice `size`
  bool literal_lru = false;          // order = "lru"; else two segments, "segmented"
  uint64_t object_size_max = 0;      // larger responses are not stored
  bool huge_pages = false;
  base::PrefixSet purge_from;        // who may send PURGE
  std::string purge_token;           // and with what token; empty: none
  bool purge_soft = true;            // purges by tag, group and prefix mark where nothing else is said
};

/// Limits and timeouts of the client side; [http] sets the defaults for all listeners.
struct Http {
  uint64_t head_size_max = 0;        // request head; 431 beyond
  uint64_t target_size_max = 0;      // request target; 414 beyond
  uint64_t body_size_max = 0;        // request body; 413 beyond; 0: unlimited
  Duration head_timeout{};           // first byte to end of head; 408
  Duration body_timeout{};           // between two pieces of a request body; 408
  Duration send_timeout{};           // between two pieces that the client takes
  Duration idle_timeout{};           // keep-alive, between two requests
  Duration exchange_timeout{};       // whole exchange; 0: unlimited
  uint64_t requests_max = 0;         // per connection; 0: unlimited
  std::string via;                   // pseudonym in Via and Cache-Status ("ringwall")
};

/// [[listener]]
struct Listener {
  std::string name;
  base::Address address;
  unsigned backlog = 0;
  base::PrefixSet trusted;           // peers whose Forwarded / X-Forwarded-For are believed and kept
  bool ipv6_only = false;
};

/// One backend of an upstream.
struct Backend {
  std::string name;                  // as written: "10.0.0.11:8080" or "app.example:8080"
  std::string host;                  // to resolve; empty where `address` is set
  uint16_t port = 0;
  base::Address address;             // numeric or Unix; empty where `host` is to be resolved
  unsigned weight = 1;
  uint32_t index = 0;                // position in Config::backend_count, stable within a Config
};

/// [upstream.NAME]
struct Upstream {
  std::string name;
  enum class Balance { round_robin, least_connections } balance = Balance::round_robin;
  std::vector<Backend> backends;
  Duration connect_timeout{};
  Duration send_timeout{};
  Duration first_byte_timeout{};     // end of request sent to first byte of the response head; 504
  Duration idle_timeout{};           // between two pieces of a response
  Duration pool_idle_timeout{};      // a kept connection is closed after so long unused
  unsigned pool_size = 0;            // kept connections per backend and worker
  unsigned connections_max = 0;      // per backend and worker; 0: unlimited
  Duration queue_timeout{};          // wait for a free connection; then 503
  unsigned retries = 0;              // further backends tried where that is safe
  unsigned eject_after = 0;          // consecutive failures; 0: never
  Duration eject_time{};             // first ejection; doubles with each, at most 10-fold
  Duration resolve_interval{};       // upper bound on the age of a resolved name
  enum class HostField { client, backend } host_field = HostField::client;  // Host sent upstream
};

/// A fixed answer (`respond` of a route).
struct FixedAnswer {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  Duration delay{};                  // waits before it answers; for demos and tests
};

/// `negative` of a route's cache: how long answers with this status are fresh where they name no
/// lifetime themselves.
struct NegativeLifetime {
  unsigned status = 0;
  Duration lifetime{};

  bool operator==(const NegativeLifetime&) const = default;
};

/// `key` of a route's cache: what a cache key is made of beside scheme, host and path.
struct CacheKey {
  bool query = true;                     // false: the query does not belong to the key
  std::vector<std::string> query_only;   // of the query only these parameters; empty: all …
  std::vector<std::string> query_without;  // … but these; "utm_*" stands for all that begin so
  bool query_sorted = false;             // parameters in the order of their names
  bool path_lower_case = false;
  bool host = true;                      // false: all hosts of the route share their entries
  std::vector<std::string> fields;       // request fields that belong to the key
  std::vector<std::string> cookies;      // cookies, likewise
};

/// `cache` of a route. Read by daemon/caching, whose functions are pure in it.
struct RouteCache {
  bool enabled = true;
  // storing
  std::optional<Duration> default_lifetime;  // where the response names none and may be stored
  unsigned heuristic_percent = 10;   // of the age of Last-Modified, where nothing else is named; 0: off
  Duration heuristic_max{};          // longest lifetime of that kind
  std::vector<NegativeLifetime> negative;
  Duration uncacheable_time{};       // a key is remembered as uncacheable for so long; 0: not
  std::string targeted_field;        // besides CDN-Cache-Control and before it; empty: none
  std::vector<std::string> tag_fields;  // response fields that name tags, separated by , and space
  bool tags_sent = false;            // those fields go on to clients
  uint64_t object_size_max = 0;      // 0: cache.object_size_max
  unsigned min_uses = 1;             // requests within min_uses_time before a response is stored
  Duration min_uses_time{};
  // reuse
  bool client_directives = true;     // Cache-Control and Pragma of requests count
  Duration grace{};                  // operator's: stale responses may be used for so long while …
  Duration refresh_ahead{};          // … they are refreshed; before the end of the lifetime, 0: off
  // variants
  unsigned variants_max = 64;        // per key
  enum class Encodings { as_sent, canonical } accept_encoding = Encodings::canonical;
  std::vector<std::string> languages;  // Accept-Language is narrowed to the best of them; empty: as sent
  CacheKey key;
  // collapsing
  Duration lock_timeout{};           // longest wait of a collapsed request for the head of a fill
  unsigned waiters_max = 0;          // collapsed requests of one fill per worker; 0: unlimited
  enum class Overflow { fetch, reject } overflow = Overflow::fetch;  // beyond those bounds
  unsigned finish_percent = 0;       // a fetch whose clients have all gone ends below this part
  // ranges
  uint64_t slice_size = 0;           // ranges of what is not stored are fetched in slices; 0: off
};

/// [[route]]: first the most specific host, then the longest path, decides.
struct Route {
  std::string name;                  // for logs and counters; default: host + path
  std::string host;                  // "example.org", "*.example.org", "" for any
  std::string path;                  // "/static/" (a prefix) or, with path_exact, one path
  bool path_exact = false;
  std::vector<uint32_t> listeners;   // indices; empty: all
  enum class Action { proxy, respond, metrics } action = Action::proxy;
  uint32_t upstream = 0;             // index, where action is proxy
  FixedAnswer answer;                // where action is respond
  RouteCache cache;
};

struct Config {
  Process process;
  Control control;
  Log log;
  Cache cache;
  Http http;
  std::vector<Listener> listeners;
  std::vector<Upstream> upstreams;
  std::vector<Route> routes;
  uint32_t backend_count = 0;        // of all upstreams together
  std::vector<std::string> warnings; // things worth saying that are no errors
};

}  // namespace ringwall::conf
