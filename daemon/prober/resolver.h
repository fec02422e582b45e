// Resolver: names to addresses by c-ares, the only place that knows it. Reads /etc/hosts and
// /etc/resolv.conf as the system's own resolver does. Never waits: `descriptor` is readable when
// there is something to do, `process` does it and calls back. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/base/address.h"
#include "daemon/base/result.h"
#include "daemon/base/time.h"

namespace ringwall::prober {

struct ResolverOptions {
  std::string servers;  // "address:port,…"; empty: those of /etc/resolv.conf
  base::Duration try_timeout = std::chrono::seconds(2);  // of the first try; grows with each
  int tries = 3;
};

/// What became of a lookup.
struct Answer {
  std::string failure;                   // empty: resolved
  std::vector<base::Address> addresses;  // port 0, sorted, no duplicates; not empty if resolved
  base::Duration lifetime{};             // the shortest time to live on the way to them
};

class Resolver {
 public:
  /// Who looks names up; called from start() or process().
  class Client {
   public:
    virtual void resolved(void* lookup, Answer answer) = 0;

   protected:
    ~Client() = default;
  };

  /// `client` outlives it.
  static base::Result<std::unique_ptr<Resolver>> create(const ResolverOptions& options,
                                                        Client& client);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  /// Lookups in flight are forgotten, without a call.
  ~Resolver();

  /// `lookup` comes back with the answer.
  void start(const std::string& host, void* lookup);
  size_t in_flight() const;
  int descriptor() const;
  /// Makes descriptor() readable also while `fd` is; it must stay open as long as this lives.
  base::Status watch_also(int fd);
  /// When process() has to be called at the latest; never, if nothing is in flight.
  base::Instant deadline(base::Instant now) const;
  void process();
  /// The system's list of name servers has changed since this was made.
  bool outdated() const;

 private:
  struct State;
  explicit Resolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ringwall::prober
