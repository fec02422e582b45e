// TaskGroup: the owner of spawned tasks. Every task that nobody awaits belongs to a group, and the
// group is awaited before it goes: no work is left running behind anyone's back.
#pragma once

#include "daemon/io/task.h"

namespace ringwall::io {

class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  /// Requires: empty().
  ~TaskGroup() { RW_ASSERT(running_ == 0); }

  /// Starts the task on the loop's next pass; false (and no start) when it has no frame.
  bool spawn(Task<void> task) {
    if (!task) return false;
    auto& promise = task.handle_.promise();
    RW_ASSERT(!promise.started);
    task.handle_ = nullptr;
    promise.started = true;
    promise.spawned = true;
    promise.group = this;
    ++running_;
    ready_queue.push(promise);
    return true;
  }

  /// Tasks whose frames are still there.
  size_t running() const { return running_; }
  bool empty() const { return running_ == 0; }

  /// Waits until every task of the group has ended and its frame is gone. One waiter at a time.
  /// Tasks that others spawn after that moment are not waited for: ask empty() again.
  auto wait() { return Wait(*this); }

 private:
  friend class ReadyQueue;
  struct Wait {
    TaskGroup& group;
    explicit Wait(TaskGroup& given) : group(given) {}
    bool await_ready() const { return group.running_ == 0; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) {
      RW_ASSERT(group.waiter_ == nullptr);
      group.waiter_ = &self.promise();
    }
    void await_resume() const {}
  };
  void ended() {
    RW_ASSERT(running_ > 0);
    if (--running_ == 0 && waiter_ != nullptr) {
      ready_queue.push(*std::exchange(waiter_, nullptr));
    }
  }

  size_t running_ = 0;
  Ready* waiter_ = nullptr;
};

}  // namespace ringwall::io
