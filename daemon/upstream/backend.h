// Backend: what one worker knows and holds of one server, across reloads: kept connections, its own
// exchanges there, who waits for a slot, health. Which generation's settings count is the caller's
// to say. One thread; destroyed with the last Set that names it, when nothing uses it any more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "conf/model.h"
#include "daemon/base/address.h"
#include "daemon/io/event.h"
#include "daemon/upstream/attempt.h"
#include "daemon/upstream/connection.h"
#include "daemon/upstream/counters.h"
#include "daemon/upstream/health.h"
#include "daemon/upstream/resolved.h"

namespace ringwall::upstream {

/// What makes a backend the same one in two generations.
struct Identity {
  std::string upstream;
  std::string name;
  std::string host;  // empty: `address` is set
  uint16_t port = 0;
  base::Address address;

  Identity(const conf::Upstream& in, const conf::Backend& backend)
      : upstream(in.name),
        name(backend.name),
        host(backend.host),
        port(backend.port),
        address(backend.address) {}
  bool operator==(const Identity& other) const = default;
};

class Backend {
 public:
  Backend(io::Loop& loop, Identity identity, uint32_t index, Counters counters,
          const ResolvedTable* resolved);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  ~Backend();

  const Identity& identity() const { return identity_; }
  const std::string& name() const { return identity_.name; }
  /// In the stats segment's registry.
  uint32_t index() const { return index_; }
  Counters& counters() { return counters_; }
  const Health& health() const { return health_; }
  size_t kept() const { return pool_.size(); }
  unsigned active() const { return active_; }
  unsigned waiting() const { return waiting_; }

  // --- choosing ---
  /// The operator lets it serve. Closes what is kept as soon as he does not.
  bool in_service();
  /// The addresses to connect to, in no order; none while a name has not been resolved. Valid until
  /// the next call.
  std::span<const base::Address> addresses();
  bool admits(const conf::Upstream& settings) const {
    return health_.admits(loop_.now(), Health::Rules(settings));
  }

  // --- slots ---
  bool full(unsigned connections_max) const {
    return connections_max != 0 && active_ >= connections_max;
  }
  /// Takes a slot. Requires: !full().
  void enter();
  /// Waits for a slot and takes it: 0; or -ETIME, -ECANCELED.
  io::Task<int> wait_for_slot(io::Until until);
  /// Gives a slot back; the one who waits longest gets it.
  void leave(unsigned connections_max);

  // --- attempts ---
  Standing begin(const conf::Upstream& settings) {
    return health_.begin(loop_.now(), Health::Rules(settings));
  }
  void succeeded(Standing standing);
  void failed(Standing standing, Failure failure, const conf::Upstream& settings);
  void abandoned(Standing standing) { health_.abandoned(standing); }

  // --- kept connections ---
  /// One that is still good; null when there is none.
  ConnectionPtr take(const conf::Upstream& settings);
  void keep(ConnectionPtr connection, const conf::Upstream& settings);
  /// Once a second: closes the idle and the dead, sees the operator's overrides.
  void sweep(const conf::Upstream& settings);
  /// No generation in force names it: nothing is kept any more. Undone by `restore`.
  void retire();
  void restore() { retired_ = false; }

  /// Where in addresses() the next connect begins; one further with each call.
  uint32_t next_turn() { return turn_++; }
  /// Marks a new connection with the version of addresses().
  uint32_t addresses_version() const { return addresses_.version; }

 private:
  bool still_resolved(Connection& connection);

  io::Loop& loop_;
  Identity identity_;
  uint32_t index_;
  Counters counters_;
  const ResolvedTable* resolved_;
  Resolved addresses_;  // of a named one, as last read; of others the one address
  bool read_once_ = false;
  bool missed_ = false;  // said in the log that there is no address
  Health health_;
  Pool pool_;
  unsigned active_ = 0;
  unsigned waiting_ = 0;
  io::Event freed_;
  uint32_t turn_ = 0;
  bool retired_ = false;
};

}  // namespace ringwall::upstream
