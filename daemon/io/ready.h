// The ready queue: coroutines that may go on, in the order in which that came about.
//
// Completions, wake-ups and finished children only push here; the loop alone resumes. So nothing
// is ever resumed from inside a completion or from another coroutine's stack, and no frame can
// disappear under the one who resumed it (TigerBeetle's rule: completions run from the loop).
// One queue a thread; nothing here is shared between threads.
#pragma once

#include <coroutine>
#include <cstddef>
#include <string_view>

#include "daemon/base/assert.h"

namespace ringwall::io {

class TaskGroup;

/// What a coroutine works for, in words for a crash report; see `current_context`.
struct Context {
  virtual ~Context() = default;
  /// Must not allocate or lock: called from a signal handler.
  virtual size_t describe(char* out, size_t room) const = 0;
};

/// A coroutine's place in the queue; every promise is one. In the queue at most once.
struct Ready {
  Ready* next = nullptr;
  std::coroutine_handle<> coroutine;
  const Context* context = nullptr;
  union {
    Ready* parent = nullptr;  // who awaits it; set once the parent has really suspended
    TaskGroup* group;         // the owner, of a spawned task
  };
  bool queued = false;
  bool started = false;
  bool finished = false;  // reached its end
  bool spawned = false;   // nobody holds its Task: the queue destroys it when it has finished
};

class ReadyQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  void push(Ready& ready) {
    RW_ASSERT(!ready.queued);
    ready.queued = true;
    ready.next = nullptr;
    (tail_ ? tail_->next : head_) = &ready;
    tail_ = &ready;
  }
  Ready* pop() {
    Ready* ready = head_;
    if (ready == nullptr) return nullptr;
    head_ = ready->next;
    if (head_ == nullptr) tail_ = nullptr;
    ready->queued = false;
    return ready;
  }
  /// Resumes what is queued, newcomers included, at most `most` of them; true if some are left.
  bool run(unsigned most);

 private:
  Ready* head_ = nullptr;
  Ready* tail_ = nullptr;
};

/// This thread's queue and the context of the coroutine that runs now.
inline constinit thread_local ReadyQueue ready_queue;
inline constinit thread_local const Context* current_context = nullptr;

}  // namespace ringwall::io
