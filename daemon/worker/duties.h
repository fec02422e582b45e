// Duties: what a worker does beside serving: heartbeat, its link to the master, its signals, and
// its own end. One coroutine each, all ended by one stop before the object goes.
#pragma once

#include <memory>
#include <optional>

#include "conf/model.h"
#include "daemon/control/link.h"
#include "daemon/control/signals.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/proxy/service.h"
#include "daemon/stats/layout.h"
#include "daemon/worker/heritage.h"
#include "daemon/worker/listening.h"

namespace ringwall::worker {

/// The config in a bundle; an error should the bundle not be what the master checked.
base::Result<conf::Config> read_config(int bundle_fd);

class Duties {
 public:
  /// Takes over the descriptors of link, listeners and logs that `heritage` names.
  Duties(io::Loop& loop, proxy::Service& service, stats::WorkerStats& own, Heritage heritage,
         control::Signals signals);
  Duties(const Duties&) = delete;
  Duties& operator=(const Duties&) = delete;
  ~Duties();

  /// Begins to accept, tells the master so, and starts all duties. The loop stops at their end.
  void begin(conf::Config config);
  bool done() const { return main_.empty(); }

 private:
  /// A reload between its two phases.
  struct Prepared {
    uint64_t generation = 0;
    std::shared_ptr<const proxy::Snapshot> snapshot;
    std::vector<ListeningSocket> sockets;
    conf::Config config;
  };

  io::Task<void> live();
  io::Task<void> beat();
  io::Task<void> read_link();
  io::Task<void> read_signals();
  io::Task<void> obey(control::Message message);
  void prepare(control::Message& message);
  io::Task<void> commit(uint64_t generation);
  void reopen_logs(control::Message& message);
  void warm(control::Message& message);
  void begin_end(base::Duration deadline, bool for_good);
  io::Task<void> finish_service();
  void tell(const control::Message& message);

  io::Loop& loop_;
  proxy::Service& service_;
  stats::WorkerStats& own_;
  Heritage heritage_;
  control::Signals signals_;
  control::Link link_;
  Listening listening_;
  conf::Config config_;
  std::optional<Prepared> prepared_;
  base::UniqueFd access_log_;
  base::UniqueFd former_access_log_;  // a write to it may still be under way
  base::UniqueFd error_log_;

  io::Event change_;  // one of the following
  bool ending_ = false;
  bool for_good_ = false;
  bool at_once_ = false;
  bool finished_ = false;
  base::Duration deadline_{};
  io::Stop stop_;  // of the duties
  io::TaskGroup duties_;
  io::TaskGroup main_;
};

}  // namespace ringwall::worker
