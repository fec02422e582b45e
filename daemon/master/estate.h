// Estate: what the master has made once and all its children inherit: the shared segments, the
// doorbells and the logs. Owned by the master for its life; at an upgrade it goes on to the next.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/limits.h"
#include "daemon/base/unique_fd.h"
#include "daemon/master/generation.h"
#include "daemon/master/logs.h"
#include "daemon/stats/segment.h"
#include "daemon/upstream/resolved.h"
#include "daemon/worker/heritage.h"

namespace ringwall::master {

struct Estate {
  std::string program;                   // argv[0], the children's name too
  conf::Cache cache_settings;            // as the segment was made, `size_max` never 0
  base::UniqueFd cache;                  // none: no cache
  std::optional<cache::Store> observer;  // of the cache
  uint64_t segment = 1;                  // its number: another whenever it comes or goes
  bool suspect = false;  // a worker died by a fault: the cache may be damaged, until it was checked
  cache::Counters former_counters;  // of segments that were given up
  base::UniqueFd stats_fd;               // of a segment taken over
  std::optional<stats::Segment> stats;
  base::UniqueFd resolved_fd;  // of a table taken over
  std::unique_ptr<upstream::ResolvedTable> resolved;
  std::array<base::UniqueFd, base::slots_max> doorbells;
  std::optional<worker::Identity> identity;  // who the children are
  Logs logs;
  std::bitset<base::slots_max> taken;  // slots of living children, and of an old master's

  /// Gives every backend and every proxied route of `config` its place in the registries.
  base::Status register_names(const conf::Config& config);
  /// Frees the places of those that `config` does not name.
  void forget_names(const conf::Config& config);

  /// A slot of the cache for a thread of the master that reads and fills it like a worker; taken
  /// until it is given back in `taken`. Workers get the lowest ones. Nothing: none is free.
  std::optional<unsigned> take_last_slot();

  /// The part of a child's heritage that is the same for all.
  worker::Heritage heritage(const Generation& generation) const;
};

/// The names of the routes that are counted: those that proxy.
std::vector<std::string_view> proxied_routes(const conf::Config& config);

/// Makes all of it for the config, or takes over what `old` names and still fits.
base::Result<Estate> make_estate(const conf::Config& config, const worker::Heritage* old);

}  // namespace ringwall::master
