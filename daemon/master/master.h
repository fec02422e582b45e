// Master: the process that holds everything together and touches no client's bytes. It reads the
// config, owns sockets and segments, keeps the children, and carries out what the operator asks for
// by signals or through the control socket, one change at a time.
//
// One thread, one Loop; each long act is a coroutine. Reload: reload.cc, upgrade: upgrade.cc,
// another cache segment: replace.cc, // the operator's commands: commands.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/link.h"
#include "daemon/control/signals.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/master/children.h"
#include "daemon/master/estate.h"
#include "daemon/master/generation.h"
#include "daemon/master/heal.h"
#include "daemon/master/notify.h"
#include "daemon/master/outcome.h"
#include "daemon/master/pid_file.h"
#include "daemon/master/resizer.h"
#include "daemon/master/sweeper.h"
#include "daemon/master/warmer.h"

namespace ringwall::master {

class Commands;

/// How the program was called.
struct Invocation {
  std::string config_path;
  std::string executable;              // what an upgrade executes
  std::vector<std::string> arguments;  // as given, the name first
};

/// What a new master got from the one that started it.
struct Inheritance {
  std::unique_ptr<control::Link> link;
  base::UniqueFd control;
  std::string control_path;
  std::vector<uint64_t> slots;
};

enum class StopMode : uint8_t { none, graceful, fast, handed_over };

class Master {
 public:
  Master(io::Loop& loop, Invocation invocation, Estate estate,
         std::shared_ptr<const Generation> first, uint64_t next_listener_id,
         control::Signals signals, std::optional<Inheritance> inheritance);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;
  ~Master();

  /// The whole life; stops the loop at its end.
  void begin();
  bool done() const { return main_.empty(); }
  int exit_code() const { return exit_code_; }

  // --- what the operator asks for ---
  /// Called at each step of something long, with a sentence.
  using Progress = std::function<void(std::string_view)>;
  io::Task<ReloadOutcome> reload(Progress progress);
  io::Task<UpgradeOutcome> upgrade(Progress progress);
  /// Has the cache checked now; a damaged one is replaced before this ends. Requires: there is one.
  io::Task<Heal::Outcome> examine_cache() { return heal_.examine(stop_); }
  /// Opens both log files anew, here and in all children.
  base::Status reopen_logs();
  void stop(StopMode mode);

  // --- what it is like ---
  io::Loop& loop() { return loop_; }
  Estate& estate() { return estate_; }
  const Estate& estate() const { return estate_; }
  const Children& children() const { return children_; }
  io::Event& children_changed() { return children_.changed(); }
  const Generation& generation() const { return *current_; }
  std::shared_ptr<const Generation> held_generation() const { return current_; }
  Sweeper& sweeper() { return sweeper_; }
  Warmer& warmer() { return warmer_; }
  const Invocation& invocation() const { return invocation_; }
  int64_t started_wall_ns() const { return started_wall_ns_; }
  bool stopping() const { return stop_mode_ != StopMode::none; }
  std::string status_line() const;

 private:
  /// The right to change things; the next in line gets it when this goes.
  class Turn {
   public:
    explicit Turn(Master& master) : master_(&master) {}
    Turn(Turn&& other) noexcept : master_(std::exchange(other.master_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    Master* master_;
  };
  io::Task<Turn> take_turn();

  io::Task<void> live();
  io::Task<bool> start_up();
  io::Task<void> wind_up();
  io::Task<void> read_signals();
  void obey_signal(int number);
  io::Task<void> reload_by_signal();
  io::Task<void> upgrade_by_signal();
  io::Task<void> close_listeners_early();

  io::Task<void> take_over();
  io::Task<void> leave_to_old_master(std::string why);
  io::Task<void> watch_old_worker(unsigned slot, base::UniqueFd pidfd);

  CheckRun checker() const;
  io::Task<void> renew_cache(bool wanted);

  base::Result<std::shared_ptr<Generation>> next_generation(Loaded loaded, ReloadOutcome& outcome);
  io::Task<void> try_generation(std::shared_ptr<Generation> next, ReloadOutcome& outcome,
                                const Progress& progress);
  void fit_cache_size(conf::Cache& next, ReloadOutcome& outcome) const;
  void put_in_force(std::shared_ptr<Generation> next, Logs logs, bool logs_changed);
  void collect_votes(ReloadOutcome& outcome) const;

  worker::Heritage heritage_of_next_master(int link) const;
  io::Task<std::string> await_takeover(control::Link& link, int pidfd);
  void hand_over(control::Link& link, pid_t next);

  io::Loop& loop_;
  Invocation invocation_;
  Estate estate_;
  std::shared_ptr<const Generation> current_;
  uint64_t last_generation_;  // numbers of refused generations are not used again
  uint64_t next_listener_id_;
  control::Signals signals_;
  std::optional<Inheritance> inheritance_;
  Children children_;
  Notify notify_;
  PidFile pid_file_;
  Sweeper sweeper_;
  Heal heal_;
  Resizer resizer_;
  Warmer warmer_;
  std::unique_ptr<Commands> commands_;
  int64_t started_wall_ns_;
  int exit_code_ = 0;

  bool busy_ = false;
  io::Event turn_;  // nobody has the turn
  io::Event stop_asked_;
  StopMode stop_mode_ = StopMode::none;
  bool reload_queued_ = false;
  io::Stop hurry_;  // a fast stop
  io::Stop stop_;   // of the coroutines in tasks_
  io::TaskGroup tasks_;
  io::TaskGroup main_;
};

}  // namespace ringwall::master
