// Facilities: what a worker offers to every room of the proxy, for as long as it lives. Nothing of
// a request is in here; see Exchange (proxy/exchange.h) for that.
#pragma once

#include <memory>

#include "cache/store.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/proxy/access_log.h"
#include "daemon/proxy/snapshot.h"
#include "daemon/stats/segment.h"

namespace ringwall::proxy {

struct Facilities {
  io::Loop& loop;
  stats::Segment& segment;
  stats::WorkerStats& stats;
  cache::Store* store;           // null: no cache
  AccessLog log;
  io::Event fills_moved;         // a followed fill may have moved: everybody look again
  io::TaskGroup background;      // fills whose leaders need not wait for them
  io::Stop cut;                  // fast end: everything under way ends
  bool draining = false;         // connections close after their exchange
  std::shared_ptr<const Snapshot> current;
};

}  // namespace ringwall::proxy
