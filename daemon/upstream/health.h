// Health: passive ejection of one backend by what this worker's exchanges met there. Pure: `now` is
// an argument, settings are too (a reload may change them while the state goes on).
//
//   ready ──(eject_after failures in a row)──► ejected ──(time over)──► one trial at a time
//     ▲                                           ▲                          │      │
//     └───────────────── success ─────────────────┼──────────────────────────┘      │
//                                                 └── failure: twice the time ──────┘
//
// An exchange that began before the ejection has no say in it any more, neither way. When all
// backends of an upstream are ejected they are used all the same (`forced`): a success is a return,
// a failure changes nothing.
#pragma once

#include <cstdint>

#include "conf/model.h"
#include "daemon/base/time.h"
#include "daemon/upstream/lease.h"

namespace ringwall::upstream {

class Health {
 public:
  struct Rules {
    unsigned eject_after;  // 0: never
    base::Duration eject_time;
    explicit Rules(const conf::Upstream& settings)
        : eject_after(settings.eject_after), eject_time(settings.eject_time) {}
  };

  bool ejected() const { return ejected_; }
  unsigned failures_in_a_row() const { return failures_; }
  base::Instant ejected_until() const { return until_; }

  /// An exchange may begin without being forced to.
  bool admits(base::Instant now, const Rules& rules) const {
    return !ejected_ || rules.eject_after == 0 || (now >= until_ && !trial_);
  }
  /// An exchange begins; what it will be to this backend's health.
  Standing begin(base::Instant now, const Rules& rules);
  /// It ends, with a verdict or without. The first two: true if that changed `ejected()`; a trial
  /// that fails ejects anew.
  bool succeeded(Standing standing);
  bool failed(Standing standing, base::Instant now, const Rules& rules);
  void abandoned(Standing standing);
  /// As if it had never failed; for an operator who knows better.
  void reset() { *this = Health(); }

 private:
  void eject(base::Instant now, const Rules& rules);

  unsigned failures_ = 0;   // in a row
  unsigned ejections_ = 0;  // since it was last ready
  bool ejected_ = false;
  bool trial_ = false;  // one is under way
  base::Instant until_;
};

}  // namespace ringwall::upstream
