// Upstream: a named group of backends as one worker sees it in one generation of the config; gives
// out connections by balance, health and the operator's overrides. Set: all of a generation.
//
// Settings belong to the Upstream; what must survive a reload (kept connections, health, counts)
// belongs to Backend, shared by the generations. Each worker balances by what it knows itself:
// "least connections" are this worker's own exchanges. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/io/task.h"
#include "daemon/upstream/balance.h"
#include "daemon/upstream/lease.h"
#include "daemon/upstream/tried.h"

namespace ringwall::upstream {

/// Why there is no lease. With connect_failed and connect_timeout that is the last of the attempts.
enum class CheckoutError : uint8_t {
  no_backend,       // all are down, drained, tried or without an address; 503
  connect_failed,   // 502
  connect_timeout,  // 504
  queue_timeout,    // every backend is at connections_max; 503
  stopped,          // by the caller's stop
};
std::string_view name_of(CheckoutError error);

class Upstream {
 public:
  /// `backends`: in the order of the settings.
  Upstream(io::Loop& loop, const conf::Upstream& settings,
           std::vector<std::shared_ptr<Backend>> backends);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream();

  const conf::Upstream& settings() const { return settings_; }

  /// Picks a backend that is not in `tried`, adds it there, and takes a kept connection or
  /// connects. A backend that cannot be reached is followed by the next as long as `retries`
  /// allows: nothing was sent, so that is always safe. A kept connection is looked at (one poll)
  /// before it is given.
  ///
  /// `fresh_only`: a new connection to the backend tried last, whose kept one had gone stale.
  /// When every backend that is not drained is ejected, they are tried all the same.
  io::Task<base::Result<Lease, CheckoutError>> checkout(Tried& tried, bool fresh_only,
                                                        io::Stop* stop);

  /// Whether another checkout with `tried` keeps within `retries`. Whether a retry is safe is the
  /// caller's to know.
  bool may_retry(const Tried& tried) const { return tried.size() <= settings_.retries; }

  const std::vector<std::shared_ptr<Backend>>& backends() const { return backends_; }

 private:
  using Outcome = base::Result<Lease, CheckoutError>;
  using Opened = base::Result<std::unique_ptr<Connection>, CheckoutError>;

  Backend* choose(const Tried& tried);
  /// The one tried last, if it may still be used.
  Backend* again(const Tried& tried);
  /// Whether a backend chosen earlier is still a choice.
  bool stands(Backend& backend);
  io::Task<Opened> connect(Attempt& attempt, io::Stop* stop);

  io::Loop& loop_;
  conf::Upstream settings_;
  std::vector<std::shared_ptr<Backend>> backends_;
  Balance balance_;
  // Scratch of choose().
  std::vector<Candidate> open_;
  std::vector<Candidate> full_;
  std::vector<Candidate> ejected_;
};

/// The upstreams of one generation, by their index in the config. Immutable but for what the
/// upstreams do themselves.
class Set {
 public:
  explicit Set(std::vector<std::unique_ptr<Upstream>> upstreams);
  ~Set();
  Upstream& at(uint32_t index) const { return *upstreams_.at(index); }
  size_t size() const { return upstreams_.size(); }

 private:
  std::vector<std::unique_ptr<Upstream>> upstreams_;
};

}  // namespace ringwall::upstream
