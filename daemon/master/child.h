// Child: one place for a child process, through all the processes that fill it one after another.
// A plain struct: Children (children.h) owns and changes it, others read it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/link.h"
#include "daemon/io/task.h"
#include "daemon/master/backoff.h"
#include "daemon/worker/heritage.h"

namespace ringwall::master {

struct Child {
  enum class State : uint8_t {
    starting,  // executed, not ready yet
    ready,     // works
    draining,  // finishes what is under way, then ends for good
    waiting,   // dead; will be started again after a pause
  };
  /// What it says to a prepared reload.
  enum class Vote : uint8_t { none, pending, yes, no };

  worker::Kind kind = worker::Kind::worker;
  unsigned slot = 0;  // a worker's
  State state = State::waiting;
  pid_t pid = -1;  // -1: none lives
  base::UniqueFd pidfd;
  std::unique_ptr<control::Link> link;
  uint64_t generation = 0;  // of the config it works by
  uint64_t segment = 0;     // Estate::segment when it was started
  base::Instant started;
  base::Instant seen;  // last sign of life; see Children::watch
  int64_t started_wall_ns = 0;
  base::Instant end_by = base::Instant::never();  // draining: killed when it is still there then
  unsigned deaths = 0;                            // that nobody asked for
  bool wanted = true;                             // to be started again when it dies
  bool closed = true;                             // has let go of the listeners
  bool silent = false;                            // being killed because it gave no sign of life
  Vote vote = Vote::none;
  std::string vote_text;  // why not
  Backoff backoff;
  io::Stop pause;        // ends the pause before it is started again
  io::TaskGroup reader;  // of its link

  /// "worker 3", "prober".
  std::string name() const;
  bool alive() const { return pid > 0; }
};

std::string_view name_of(Child::State state);

}  // namespace ringwall::master
