#include "daemon/worker/worker.h"

#include <csignal>
#include <cstdlib>

#include "cache/store.h"
#include "daemon/base/log.h"
#include "daemon/control/signals.h"
#include "daemon/stats/segment.h"
#include "daemon/upstream/resolved.h"
#include "daemon/worker/crash.h"
#include "daemon/worker/duties.h"

namespace ringwall::worker {
namespace {

/// What a worker maps and opens before it can serve; all of it outlives the service.
struct Ground {
  std::optional<stats::Segment> stats;
  std::unique_ptr<upstream::ResolvedTable> resolved;
  std::optional<cache::Store> store;
  std::unique_ptr<io::Loop> loop;
};

base::Result<Ground> lay_ground(const Heritage& heritage) {
  Ground ground;
  auto stats = stats::Segment::attach(heritage.stats, true);
  if (!stats) return base::fail(std::move(stats.error()));
  ground.stats.emplace(std::move(*stats));
  if (heritage.resolved >= 0) {
    auto table =
        upstream::ResolvedTable::attach(heritage.resolved, upstream::ResolvedTable::Access::read);
    if (!table) return base::fail(std::move(table.error()));
    ground.resolved = std::move(*table);
  }
  if (heritage.cache >= 0) {
    auto store = cache::Store::attach(heritage.cache, heritage.slot, heritage.doorbells);
    if (!store) return base::fail(std::move(store.error()));
    ground.store.emplace(std::move(*store));
  }
  auto loop = io::Loop::create();
  if (!loop) return base::fail(std::move(loop.error()));
  ground.loop = std::move(*loop);
  return ground;
}

}  // namespace

int run_worker(Heritage heritage) {
  auto signals = control::Signals::take({SIGTERM}, {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2});
  auto ground = lay_ground(heritage);
  auto config = read_config(heritage.bundle);
  for (const base::Error* error :
       {signals ? nullptr : &signals.error(), ground ? nullptr : &ground.error(),
        config ? nullptr : &config.error()}) {
    if (error == nullptr) continue;
    base::log_error("cannot start: {}", error->what);
    return 1;
  }
  io::Loop& loop = *ground->loop;
  stats::WorkerStats& own = ground->stats->claim(heritage.slot, heritage.generation, loop.now());
  report_crashes(own);

  proxy::Parts parts;
  parts.loop = &loop;
  parts.stats = &*ground->stats;
  parts.own = &own;
  parts.resolved = ground->resolved.get();
  parts.store = ground->store ? &*ground->store : nullptr;
  parts.cache_doorbell = heritage.doorbells[heritage.slot];
  parts.access_log = heritage.access_log;
  proxy::Service service(parts);
  auto snapshot = service.prepare(*config);
  if (!snapshot) {
    base::log_error("cannot start: {}", snapshot.error().what);
    // Without the service's orderly end: nothing was accepted, and the master cleans up.
    std::_Exit(1);
  }
  service.commit(std::move(*snapshot));

  Duties duties(loop, service, own, std::move(heritage), std::move(*signals));
  duties.begin(std::move(*config));
  loop.run();
  while (!duties.done()) loop.turn(false);
  return 0;
}

}  // namespace ringwall::worker
