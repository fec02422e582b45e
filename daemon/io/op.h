// Op: one operation that a coroutine waits for, on the ring or in software, with a deadline and a
// stop token.
//
// An Op lives in the awaiting frame (or in a connection) at a stable address, which is the ring's
// user data. Rules, in all their cases tested (tests/unit/io):
//  1. From submission to completion the Op and all buffers it names stay alive: a coroutine that
//     waits for one is never destroyed.
//  2. A deadline or a stop only asks the kernel to cancel. The operation may still have succeeded;
//     then its result counts. `timed_out()` and `stopped()` tell why a cancelled one ended.
//  3. A completion only records the result and pushes the waiter to the ready queue.
#pragma once

#include <cerrno>
#include <coroutine>
#include <cstdint>

#include "daemon/base/intrusive_list.h"
#include "daemon/base/time.h"
#include "daemon/io/ready.h"
#include "daemon/io/timer_wheel.h"

struct io_uring_sqe;

namespace ringwall::io {

class Loop;
class Op;
struct StopTag;
struct QueueTag;

/// Asks everything that waits under it to end. Owned by whoever may want that (a connection, a
/// worker's drain); must outlive its operations. Stays requested.
class Stop {
 public:
  Stop() = default;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  /// Requires: nothing waits under it.
  ~Stop() { RW_ASSERT(ops_.empty()); }
  void request();
  bool requested() const { return requested_; }

 private:
  friend class Op;
  base::IntrusiveList<Op, StopTag> ops_;
  bool requested_ = false;
};

/// How long an operation may take: to a deadline, to a stop, whichever comes first.
struct Until {
  base::Instant deadline = base::Instant::never();
  Stop* stop = nullptr;

  Until() = default;
  explicit Until(base::Instant at, Stop* token = nullptr) : deadline(at), stop(token) {}
  explicit Until(Stop* token) : stop(token) {}
};

class Op : public Timer, public base::ListNode<StopTag>, public base::ListNode<QueueTag> {
 public:
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  /// Bytes, a descriptor or 0; below 0 the negative errno: -ETIME when the deadline has ended it,
  /// -ECANCELED when a stop has.
  int result() const { return result_; }
  bool timed_out() const { return why_ == Why::deadline && result_ < 0; }
  bool stopped() const { return why_ == Why::stop && result_ < 0; }
  bool pending() const { return state_ != State::idle; }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    waiter_ = &self.promise();
    return start();
  }

  /// Ends a software operation. Requires: pending(), and not one of the ring's.
  void finish(int result);

 protected:
  Op(Loop& loop, Until until) : Timer(until.deadline), loop_(loop), stop_(until.stop) {}
  ~Op();

  /// Fills the submission entry; called at submission and again at a retry. A software operation
  /// does not override this, but begins its wait in begin().
  virtual void prepare(io_uring_sqe& entry);
  /// Software operations: links into what it waits for; false: already over, result_ is set.
  virtual bool begin();
  virtual bool on_ring() const { return true; }
  /// Whether it takes its buffer from the provided ring (waits in line when that is empty).
  virtual bool wants_buffer() const { return false; }
  /// The descriptor, to find it by when a cancel by address has missed it; -1: none.
  virtual int descriptor() const { return -1; }

  Loop& loop() const { return loop_; }
  /// Starts it; false when it ended at once (the waiter goes on without suspending).
  bool start();
  /// Requires: not pending().
  void set_until(Until until) {
    deadline = until.deadline;
    stop_ = until.stop;
  }

  int result_ = 0;
  uint32_t flags_ = 0;

 private:
  friend class Loop;
  friend class Stop;
  // idle -> ring or software -> idle; between ring and ring it may wait in one of the loop's lines.
  enum class State : uint8_t { idle, ring, in_line, software };
  enum class Why : uint8_t { none, deadline, stop };
  // What goes to the ring for it: itself, or first a poll of its descriptor.
  enum class Step : uint8_t { itself, poll };

  void complete(int result, uint32_t flags);  // from the loop
  bool goes_again(int result, uint32_t flags);
  void end(int result, uint32_t flags);
  void cancel(Why why);
  void unlink_all();

  Loop& loop_;
  Stop* stop_;
  Ready* waiter_ = nullptr;
  State state_ = State::idle;
  Why why_ = Why::none;
  Step step_ = Step::itself;
  uint8_t cancels_ = 0;  // asked of the kernel so far
};

}  // namespace ringwall::io
