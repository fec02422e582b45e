// Children: starts, watches and ends the child processes. One coroutine per child keeps its place
// filled: it starts a process, waits for its end, settles what that left in shared memory, and
// starts the next, at once or after a pause.
//
// Used by the master's one thread. Whoever waits for children to change waits for changed() and
// looks again; a Child& is good until the next co_await only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/master/child.h"
#include "daemon/master/estate.h"
#include "daemon/master/generation.h"

namespace ringwall::master {

class Children {
 public:
  Children(io::Loop& loop, Estate& estate)
      : loop_(loop), estate_(estate), changed_(loop), faulted_(loop) {}
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// The config that children started from now on get.
  void use(std::shared_ptr<const Generation> generation) { generation_ = std::move(generation); }
  /// Starts workers until there are `count`, or drains those in the highest slots. False: there
  /// are fewer, for want of slots.
  bool keep_workers(unsigned count);
  /// Children started from now on end when this process dies, until settle_all().
  void be_provisional() { provisional_ = true; }
  void settle_all();
  void keep_prober();

  const std::vector<std::unique_ptr<Child>>& all() const { return children_; }
  /// Notified whenever a child's state, vote or process changes.
  io::Event& changed() { return changed_; }
  /// Ends the prober, by force should it not listen, and waits until it is gone.
  io::Task<void> end_prober();
  /// All that are wanted are ready.
  bool settled() const;
  /// Waits until settled(); false: a worker died before it ever was ready, or `until` came.
  io::Task<bool> started(io::Until until);

  /// Phase one: sends `next` to all that are ready and waits for their votes. True: all said yes.
  /// Those that wait to be started again have no say, they will get whichever is in force.
  io::Task<bool> prepare(const Generation& next, base::Duration patience);
  /// Phase two. Requires: prepare() was true and use() has set the same generation.
  void commit();
  /// Takes phase one back.
  void abort(uint64_t generation);
  /// Waits until all that are ready work by `generation`, no longer than `until`.
  io::Task<bool> follow(uint64_t generation, io::Until until);

  /// Gives `message` to one of the ready workers, another one each time: its process, which may end
  /// before it has answered. Nothing: none of them takes it now.
  std::optional<pid_t> ask_worker(const control::Message& message);
  bool lives(pid_t pid) const;
  /// Hears the answers to that.
  void when_warmed(std::function<void(const control::Message&)> hear) {
    warmed_ = std::move(hear);
  }

  /// Ends those that did not, so that others take their places.
  void replace_behind(uint64_t generation);

  /// Workers that live with another cache segment than the estate has now.
  unsigned outdated() const;
  /// Starts as many others, and drains the former when these are ready. False: not all are by then.
  io::Task<bool> renew_workers(io::Until until);

  /// Workers that died by a fault of their own while they had the cache segment of now.
  struct Faults {
    uint64_t all = 0;
    uint64_t sudden = 0;  // without those that we ended because they gave no sign of life
  };
  const Faults& faults() const { return faults_; }
  /// Notified when there are more.
  io::Event& faulted() { return faulted_; }

  /// Gives all children the logs that the estate has now.
  void hand_down_logs(base::LogLevel level);

  /// Lets all children finish within `deadline`, then ends them by force. `for_good`: nobody will
  /// accept from the listeners afterwards. A `hurry` that is requested ends them at once.
  io::Task<void> end(base::Duration deadline, bool for_good, io::Stop& hurry);
  /// None accepts connections any more.
  bool closed() const;

  /// Kills children that gave no sign of life for longer than the config allows. Until the stop.
  io::Task<void> watch(io::Stop& stop);
  /// Deaths are settled by another from now on (upgrade): only reap them.
  void hand_over() { handed_over_ = true; }
  /// Waits until the last coroutine here has ended. Requires: end() has.
  io::Task<void> finish();

 private:
  void add(worker::Kind kind, unsigned slot);
  void drain(Child& child, base::Duration deadline, bool for_good);
  io::Task<void> keep(Child& child);
  base::Status start(Child& child);
  io::Task<void> read_link(Child& child);
  void hear(Child& child, const control::Message& message);
  void hear_vote(Child& child, const control::Message& message);
  void tell(Child& child, const control::Message& message,
            const std::vector<int>& descriptors = {});
  void send_prepare(Child& child, const Generation& next);
  void catch_up(Child& child);
  void reap(Child& child);
  void note_fault(const Child& child);
  bool is_outdated(const Child& child) const;
  unsigned fresh_workers(bool ready) const;
  Child* last_worker();
  void settle(Child& child, bool expected, const std::string& end);
  void kill(Child& child);
  void kill_overdue();
  void judge(Child& child, base::Instant now);
  void recover(unsigned slot);
  void let_all_look();
  void drop(Child& child);
  unsigned free_slot() const;

  io::Loop& loop_;
  Estate& estate_;
  io::Event changed_;
  io::Event faulted_;
  Faults faults_;
  std::shared_ptr<const Generation> generation_;
  std::vector<std::unique_ptr<Child>> children_;
  io::TaskGroup tasks_;
  std::bitset<base::slots_max> unrecovered_;  // slots whose dead holder still has some of the cache
  unsigned looks_ = 0;  // still to come after a worker's death
  bool handed_over_ = false;
  bool provisional_ = false;
  bool start_failed_ = false;  // a worker died before any was ready
  size_t next_asked_ = 0;      // of children_
  std::function<void(const control::Message&)> warmed_;
};

}  // namespace ringwall::master
