// Commands: what the operator can ask for through the control socket, in terms of the master. Each
// method of control/protocol.h is one function that gives a report or says why not.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/store.h"
#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/params.h"
#include "daemon/control/reports.h"
#include "daemon/control/reports_cache.h"
#include "daemon/control/reports_serving.h"
#include "daemon/control/server.h"
#include "daemon/io/task.h"
#include "daemon/master/warmer.h"

namespace ringwall::master {

class Asked;
class Master;
class RoutedKeys;

class Commands final : private control::Handler {
 public:
  explicit Commands(Master& master);
  ~Commands();

  /// Binds the socket of `settings`, or takes the one that listens already.
  base::Status open(const conf::Control& settings, base::UniqueFd inherited);
  void begin();
  int listening_fd() const { return listening_.get(); }
  /// Another master has the socket from now on; its name stays.
  io::Task<void> hand_over();
  /// Lets all clients go and removes the socket, if it is still ours.
  io::Task<void> end();

 private:
  using Answer = control::Answer;
  using Call = control::Call;

  io::Task<Answer> answer(const Call& call) override;
  Answer answer_now(const Call& call);

  // commands.cc
  Answer stats() const;
  Answer metrics() const;
  Answer reopen_logs();
  Answer stop(const Call& call);
  io::Task<Answer> reload(const Call& call);
  io::Task<Answer> upgrade(const Call& call);
  // commands_status.cc
  control::StatusReport status() const;
  std::vector<control::WorkerReport> workers() const;
  // commands_cache.cc
  static control::RpcError no_cache();
  const RoutedKeys& routed_keys();
  Answer cache_usage() const;
  Answer cache_stats() const;
  io::Task<Answer> cache_verify();
  // commands_purge.cc
  struct PurgeItem;
  struct PurgeRun;
  base::Result<void, control::RpcError> find_urls(const control::PurgeParams& params,
                                                  PurgeRun& run);
  base::Result<void, control::RpcError> find_items(const control::PurgeParams& params,
                                                   PurgeRun& run);
  io::Task<void> purge_items(PurgeRun& run, io::Stop& gone);
  io::Task<std::string> count_items(PurgeRun& run);
  io::Task<Answer> cache_purge(const Call& call);
  static Answer outcome_of(const PurgeRun& run);
  // commands_explain.cc
  struct Routed {
    std::string listener;
    const conf::Route* route = nullptr;  // null: none
  };
  base::Result<Routed, control::RpcError> route_asked(const std::optional<std::string>& listener,
                                                      const Asked& asked);
  Answer cache_explain(const Call& call);
  // commands_list.cc
  io::Task<Answer> cache_list(const Call& call);
  io::Task<Answer> cache_top(const Call& call);
  // commands_snapshot.cc
  struct SnapshotRun;
  io::Task<void> watch_snapshot(SnapshotRun& run, const Call& call);
  io::Task<void> run_snapshot(SnapshotRun& run, const Call& call,
                              std::function<void(cache::Store&)> work);
  std::optional<control::RpcError> refuse_snapshot(const Call& call, int access) const;
  io::Task<Answer> save_snapshot(const Call& call);
  io::Task<Answer> load_snapshot(const Call& call);
  // commands_warm.cc
  io::Task<void> find_warm_items(const control::WarmParams& params, Warmer::Run& run);
  io::Task<Answer> cache_warm(const Call& call);
  // commands_backend.cc
  struct Place {
    const conf::Upstream* upstream = nullptr;
    const conf::Backend* backend = nullptr;
    uint32_t index = 0;
  };
  std::vector<Place> places() const;
  base::Result<Place, control::RpcError> find_place(const std::string& name) const;
  std::string state_of(const Place& place) const;
  control::BackendReport report_of(const Place& place) const;
  control::BackendChangeReport set_override(const Place& place, bool drain);
  control::BackendListReport backends() const;
  Answer backend_ready(const Call& call);
  io::Task<Answer> backend_drain(const Call& call);

  Master& master_;
  control::Server server_;
  base::UniqueFd listening_;
  std::string path_;
  gid_t group_ = 0;
  std::unique_ptr<RoutedKeys> routed_keys_;
  uint64_t routed_for_ = 0;  // generation
  bool snapshot_runs_ = false;
};

}  // namespace ringwall::master
