#include "daemon/io/op.h"

#include "daemon/io/loop.h"

namespace ringwall::io {

Op::~Op() {
  RW_ASSERT(state_ == State::idle);
}

void Op::prepare(io_uring_sqe&) {}

bool Op::begin() {
  return true;
}

bool Op::start() {
  RW_ASSERT(state_ == State::idle);
  why_ = Why::none;
  step_ = Step::itself;
  cancels_ = 0;
  flags_ = 0;
  if (stop_ != nullptr && stop_->requested()) {
    why_ = Why::stop;
    result_ = -ECANCELED;
    return false;
  }
  if (deadline <= loop_.now()) {
    why_ = Why::deadline;
    result_ = -ETIME;
    return false;
  }
  if (on_ring()) {
    state_ = State::ring;
    loop_.submit(*this);
  } else {
    state_ = State::software;
    if (!begin()) {
      state_ = State::idle;
      return false;
    }
  }
  ++loop_.pending_;
  if (stop_ != nullptr) stop_->ops_.push_back(*this);
  if (!deadline.is_never()) loop_.wheel_.add(*this);
  return true;
}

void Op::unlink_all() {
  Timer::unlink();
  ListNode<StopTag>::unlink();
  ListNode<QueueTag>::unlink();
}

void Op::complete(int result, uint32_t flags) {
  RW_ASSERT(state_ == State::ring);
  if (why_ == Why::none && goes_again(result, flags)) return;
  // The poll before a retry ended first: what counts is that the operation itself was cancelled.
  if (step_ == Step::poll && result >= 0) result = -ECANCELED;
  end(result, flags);
}

/// Whether it is not over yet: it waits in a line, from which the next turn takes it to the ring.
bool Op::goes_again(int result, uint32_t flags) {
  if (step_ == Step::poll) {
    if (result < 0) return false;
    step_ = Step::itself;
    loop_.blocked_.push_back(*this);
  } else if (result == -EAGAIN) {
    // From the kernel's worker threads under memory pressure, and from descriptors in non-blocking
    // mode. Not the caller's business; polled first, or it would spin.
    step_ = Step::poll;
    ++loop_.counters_.blocked;
    loop_.blocked_.push_back(*this);
  } else if (result == -ENOBUFS && wants_buffer()) {
    ++loop_.counters_.starved;
    loop_.starved_.push_back(*this);
  } else {
    return false;
  }
  loop_.claim(flags).release();  // a failed receive may still have taken one
  state_ = State::in_line;
  return true;
}

void Op::end(int result, uint32_t flags) {
  // The same number for a deadline wherever it met the operation: ring, line, software, start.
  result_ = result == -ECANCELED && why_ == Why::deadline ? -ETIME : result;
  flags_ = flags;
  state_ = State::idle;
  unlink_all();
  --loop_.pending_;
  ready_queue.push(*waiter_);
}

void Op::finish(int result) {
  RW_ASSERT(state_ == State::software);
  end(result, 0);
}

void Op::cancel(Why why) {
  if (why_ == Why::none) why_ = why;
  if (state_ == State::ring) {
    if (cancels_ == 0) loop_.begin_cancel(*this);  // else a stop after a deadline, or vice versa
    return;
  }
  end(why_ == Why::deadline ? -ETIME : -ECANCELED, 0);
}

void Stop::request() {
  if (requested_) return;
  requested_ = true;
  // One by one, never by iterating: a cancel may have to make room in the submission queue, which
  // takes completions, and each unlinks its own operation from this list.
  while (!ops_.empty()) ops_.pop_front().cancel(Op::Why::stop);
}

}  // namespace ringwall::io
