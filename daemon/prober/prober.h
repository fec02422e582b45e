// Prober: keeps the addresses of named backends fresh, in a process of its own so that a slow name
// server delays no worker. It alone writes the table of resolved addresses.
//
// A name is looked up again when its time to live ends, after `resolve_interval` at the latest and
// one second at the earliest; after a failure in 1 s, 2 s, … 30 s. The last good answer stands
// until a better one comes. Changes of /etc/resolv.conf are noticed. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/model.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/prober/resolver.h"
#include "daemon/upstream/resolved.h"

namespace ringwall::prober {

class Prober final : private Resolver::Client {
 public:
  /// A backend's place in the table, which is its index in the registry of backends; none: unknown
  /// there, so not resolved.
  using IndexOf =
      std::function<std::optional<uint32_t>(const conf::Upstream&, const conf::Backend&)>;

  /// `table` is writable; both outlive the prober.
  static base::Result<std::unique_ptr<Prober>> create(io::Loop& loop,
                                                      upstream::ResolvedTable& table,
                                                      const ResolverOptions& options = {});
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Another generation of the config: new names are looked up at once, known ones go on, the
  /// places of names that are gone are emptied. Also while run() waits.
  void configure(const conf::Config& config, const IndexOf& index_of);
  /// Works until the stop.
  io::Task<void> run(io::Stop& stop);

 private:
  struct Name {
    std::string host;
    std::vector<uint32_t> places;
    base::Duration interval{};
    base::Instant due;
    unsigned failures = 0;  // in a row
    bool looking = false;
    bool wanted = true;                    // false: only its lookup still runs
    std::vector<base::Address> addresses;  // the last good answer
  };

  Prober(io::Loop& loop, upstream::ResolvedTable& table, const ResolverOptions& options)
      : loop_(loop), table_(table), options_(options) {}
  /// What a config asks of a name.
  struct Wanted {
    std::vector<uint32_t> places;
    base::Duration interval = base::Duration::max();
  };
  void forget_all_but(const std::map<std::string, Wanted>& wanted);
  void resolved(void* lookup, Answer answer) override;
  void settle_failure(Name& name, const std::string& failure);
  void publish(const Name& name);
  void start_due();
  void renew_resolver();
  base::Instant next_due() const;

  io::Loop& loop_;
  upstream::ResolvedTable& table_;
  ResolverOptions options_;
  base::UniqueFd changed_;                              // an eventfd that ends the wait of run()
  std::map<std::string, std::unique_ptr<Name>> names_;  // by host
  std::vector<std::unique_ptr<Name>> forgotten_;        // no longer wanted, still being looked up
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace ringwall::prober
