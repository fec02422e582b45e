// Service: all of a worker's proxying in one object. The worker hands it accepted connections and
// new configs; it runs one coroutine per connection (proxy/connection.h) and knows how to drain.
//
// A Snapshot is what one generation of the config is to a worker: router, listeners' settings,
// upstreams. Exchanges keep the snapshot they started with; a reload prepares a second one beside
// the first and swaps a pointer. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/address.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/proxy/warm.h"
#include "daemon/stats/segment.h"

namespace ringwall::upstream {
class ResolvedTable;
}

namespace ringwall::proxy {

struct Snapshot;

/// What a worker gives its service; all of it outlives the service.
struct Parts {
  io::Loop* loop = nullptr;
  stats::Segment* stats = nullptr;   // the segment, for reading and for the metrics answer
  stats::WorkerStats* own = nullptr;  // this worker's slot
  const upstream::ResolvedTable* resolved = nullptr;  // addresses of named backends
  cache::Store* store = nullptr;     // null: no cache
  int cache_doorbell = -1;           // this worker's eventfd, rung when a followed fill moves
  int access_log = -1;               // descriptor to write lines to; -1: none
};

class Service {
 public:
  explicit Service(const Parts& parts);
  ~Service();  // Requires: connections() == 0 and finish() has ended
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Phase one of a reload: builds all the new config needs, changes nothing that serves.
  base::Result<std::shared_ptr<const Snapshot>> prepare(const conf::Config& config);
  /// Phase two: new exchanges use it. The first commit comes before the first connection.
  void commit(std::shared_ptr<const Snapshot> snapshot);

  /// Serves an accepted connection; `listener` is its index in the committed config.
  void serve(base::UniqueFd fd, const base::Address& peer, uint32_t listener);
  /// Makes the request with this head so that its response is stored. `done` is called when it has
  /// ended, at the latest before finish() has.
  void warm(std::string head, std::function<void(const Warmed&)> done);
  size_t connections() const;
  /// More connections than `process.connections_max`: the worker stops accepting until
  /// room_event() is notified.
  bool full() const;
  io::Event& room_event();
  /// For the numbers: a listener stops accepting, here or for want of descriptors.
  void count_accept_pause();

  /// Graceful end: idle connections close, busy ones after their exchange (`Connection: close`).
  void drain();
  /// Fast end: everything under way is cut off.
  void abort();
  /// Waits until no connection is left, closes kept upstream connections, writes the log out.
  io::Task<void> finish();

  /// The access log goes to another descriptor from now on (not owned).
  void set_access_log(int fd);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringwall::proxy
