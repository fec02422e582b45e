// Deadlines of all pending operations: a hashed wheel of 512 slots of about 17 ms, so that setting
// and clearing a deadline is linking and unlinking a list node. One kernel timeout (that of the
// loop's enter) serves them all; a linked timeout per operation costs 11 to 18 % of a request.
// A deadline fires up to one slot late, never early.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/base/intrusive_list.h"
#include "daemon/base/time.h"

namespace ringwall::io {

struct TimerTag;

/// One deadline; linked while the wheel has it, unlinked to clear it.
class Timer : public base::ListNode<TimerTag> {
 public:
  Timer() = default;
  explicit Timer(base::Instant at) : deadline(at) {}
  base::Instant deadline = base::Instant::never();
};

using TimerList = base::IntrusiveList<Timer, TimerTag>;

class TimerWheel {
 public:
  explicit TimerWheel(base::Instant now) : done_(tick_of(now.ns)) {}

  /// Requires: not linked.
  void add(Timer& timer);
  /// Moves the timers whose deadline has passed to the end of `due`. They are only unlinked from
  /// the wheel, so that whoever fires one may add and clear others.
  void advance(base::Instant now, TimerList& due);
  /// When advance() should be called next; never if there is no timer. May be early.
  base::Instant next() const;

 private:
  static constexpr unsigned slots = 512;
  static constexpr int shift = 24;  // 2^24 ns a slot
  static int64_t tick_of(int64_t ns) { return ns >> shift; }
  void run_slot(unsigned slot, base::Instant now, TimerList& due);

  std::array<TimerList, slots> slots_;
  std::array<uint64_t, slots / 64> occupied_ = {};  // may say so of a slot that has emptied
  int64_t done_;                                    // every tick up to this one has been run
};

}  // namespace ringwall::io
