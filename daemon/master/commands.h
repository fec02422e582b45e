// Commands: what the operator can ask for through the control socket, in terms of the master. Each
// method of control/protocol.h is one function that gives a report or says why not.
#pragma once

#include <optional>
#include <string>

#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/params.h"
#include "daemon/control/reports.h"
#include "daemon/control/reports_serving.h"
#include "daemon/control/server.h"
#include "daemon/io/task.h"

namespace ringwall::master {

class Master;

class Commands final : private control::Handler {
 public:
  explicit Commands(Master& master);

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
  Answer cache_usage() const;
  io::Task<Answer> cache_verify();
  io::Task<Answer> cache_purge(const Call& call);
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
};

}  // namespace ringwall::master
