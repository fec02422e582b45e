// Heal: the master's care for the soundness of the cache segment. After a worker has died by a
// fault (not by a kill: then the undo logs mend all), and when an operator asks, a checker process
// looks at the whole segment. What it finds twice is damage: the segment is condemned, which its
// workers see at once, and an empty one takes its place with new workers, as in an upgrade. Until
// it is known to be sound the master itself follows none of its links (Estate::suspect).
//
//   fault ──► check ──► sound: kept                 (repeated faults: replaced once, as a
//   precaution)
//               └─────► damaged ──► check again ──► condemned ──► replaced
//                                                        └─ the fourth time in ten minutes: off
//
// One check at a time. Without memory for a new segment all is served uncached, and tried again.
#pragma once

#include <functional>
#include <string>

#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/master/check.h"
#include "daemon/master/children.h"
#include "daemon/master/estate.h"
#include "daemon/master/heal_policy.h"

namespace ringwall::master {

class Heal {
 public:
  /// What the master does for it.
  struct Hands {
    std::function<CheckRun()> checker;  // of the segment of the estate
    /// Lets go of a condemned segment, makes a new one if there is none and `wanted`, and replaces
    /// the workers that have another.
    std::function<io::Task<void>(bool wanted)> renew;
    std::function<bool()> stopping;  // also: handed over to another master
  };
  Heal(io::Loop& loop, Estate& estate, Children& children, Hands hands)
      : loop_(loop), estate_(estate), children_(children), hands_(std::move(hands)), free_(loop) {}
  Heal(const Heal&) = delete;
  Heal& operator=(const Heal&) = delete;

  /// Watches for faults until `stop`. `look_first`: the segment was taken over from another master.
  io::Task<void> keep(io::Stop& stop, bool look_first);

  enum class Ending : uint8_t { kept, replaced, off };
  struct Outcome {
    Check check;
    Ending ending = Ending::kept;
  };
  /// Has the segment checked and acts on it. Ends when another serves in its place.
  io::Task<Outcome> examine(io::Stop& stop);

  /// The cache was given up for good.
  bool off() const { return off_; }

 private:
  io::Task<Check> decide(io::Stop& stop);
  io::Task<Ending> replace_damaged(std::string findings);
  io::Task<Ending> replace_as_precaution();
  io::Task<void> look(io::Stop& stop);
  bool missing() const;
  bool note_faults();

  io::Loop& loop_;
  Estate& estate_;
  Children& children_;
  Hands hands_;
  HealPolicy policy_;
  Children::Faults seen_;
  bool due_ = false;  // a check
  bool off_ = false;
  bool busy_ = false;
  io::Event free_;  // nobody checks
};

std::string_view name_of(Heal::Ending ending);

}  // namespace ringwall::master
