// Event: coroutines of one thread wait for it in order, others notify it. No memory of past
// notifications: test the condition, then wait. Waiters are pushed to the ready queue, not run.
#pragma once

#include "daemon/io/loop.h"
#include "daemon/io/op.h"

namespace ringwall::io {

class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  /// Requires: nobody waits.
  ~Event() { RW_ASSERT(waiters_.empty()); }

  class Wait final : public Op {
   public:
    Wait(Event& event, Until until) : Op(event.loop_, until), event_(event) {}
    /// 0: notified; -ETIME or -ECANCELED: not.
    int await_resume() const { return result_; }

   private:
    bool on_ring() const override { return false; }
    bool begin() override {
      event_.waiters_.push_back(*this);
      return true;
    }
    Event& event_;
  };

  /// `int ended = co_await event.wait(until);`
  Wait wait(Until until) { return Wait(*this, until); }

  bool has_waiters() const { return !waiters_.empty(); }
  /// Wakes the one that waits longest; false if nobody did.
  bool notify_one() {
    if (waiters_.empty()) return false;
    waiters_.pop_front().finish(0);
    return true;
  }
  void notify_all() {
    while (notify_one()) {
    }
  }

 private:
  Loop& loop_;
  base::IntrusiveList<Op, QueueTag> waiters_;
};

}  // namespace ringwall::io
