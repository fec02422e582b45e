// Upstreams: all upstreams of one worker through all generations of its config. A reload prepares a
// new Set beside the old one; backends with the same upstream, name and address are the same object
// in both, so kept connections, health and counts go on. One thread.
#pragma once

#include <memory>

#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/io/task.h"
#include "daemon/upstream/upstream.h"

namespace ringwall::stats {
class Segment;
struct WorkerStats;
}  // namespace ringwall::stats

namespace ringwall::upstream {

class ResolvedTable;

class Upstreams {
 public:
  /// All arguments outlive this. `resolved` may be null: then named backends have no address.
  Upstreams(io::Loop& loop, const stats::Segment& segment, stats::WorkerStats& own,
            const ResolvedTable* resolved);
  Upstreams(const Upstreams&) = delete;
  Upstreams& operator=(const Upstreams&) = delete;
  /// Requires: close() has ended.
  ~Upstreams();

  /// Changes nothing that serves. Every backend must have its place in the stats segment (the
  /// master assigns them before it asks workers to prepare). Only the latest prepared one may be
  /// committed.
  base::Result<std::shared_ptr<const Set>> prepare(const conf::Config& config);
  /// From now on kept connections of backends that are not in `set` are closed.
  void commit(std::shared_ptr<const Set> set);

  /// Closes all kept connections and ends the sweep. Requires: no lease is out.
  io::Task<void> close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringwall::upstream
