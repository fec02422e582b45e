// Task<T>: a lazy coroutine that gives one T to the one who awaits it.
//
// A task starts when it is awaited (or spawned into a TaskGroup) and runs on its awaiter's thread.
// A child that finishes without waiting hands its value over at once; one that had to wait puts its
// parent on the ready queue when it ends. Symmetric transfer is not used: below -O2 and under the
// sanitizers g++ makes no tail call of it, and 10^6 children that finish at once overflow the
// stack.
//
// Lifetime: the Task owns the frame. A task that has started may not be destroyed before its end:
// operations in flight point into the frame. To end it early, make what it waits for end (a Stop,
// a deadline, a shutdown) and await it.
// Exceptions do not cross coroutines: one that escapes ends the process.
//
// g++ 12 traps for code that awaits (STYLE.md): name the result of co_await before testing it; no
// braced aggregates, value-capturing lambdas or ?: of class type inside a co_await expression.
#pragma once

#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "daemon/base/assert.h"
#include "daemon/io/frame_pool.h"
#include "daemon/io/ready.h"

namespace ringwall::io {

/// What every promise of ours has: its place in the ready queue, and who waits for it.
struct PromiseBase : Ready {
  static void* operator new(size_t bytes) noexcept { return allocate_frame(bytes); }
  static void operator delete(void* frame, size_t bytes) noexcept { release_frame(frame, bytes); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Finish {
    bool await_ready() noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) noexcept {
      finish(self.promise());
    }
    void await_resume() noexcept {}
  };
  Finish final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

 private:
  static void finish(PromiseBase& self) noexcept {
    self.finished = true;
    current_context = nullptr;  // it may have been one of the locals that are gone now
    if (self.spawned) {
      ready_queue.push(self);  // the frame cannot destroy itself while it runs; the queue does it
    } else if (self.parent != nullptr) {
      ready_queue.push(*self.parent);
    }
  }
};

template <class T>
struct Promise;

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = Promise<T>;
  using Handle = std::coroutine_handle<Promise<T>>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      drop();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { drop(); }

  /// False when there was no memory for the frame. Awaiting such a task ends the process; whoever
  /// starts work by memory's leave (a connection, an exchange) spawns it or asks here first.
  explicit operator bool() const { return handle_ != nullptr; }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    RW_ASSERT(handle_);  // out of memory for a child: nothing to go on with
    auto& self = handle_.promise();
    RW_ASSERT(!self.started);
    self.started = true;
    self.context = parent.promise().context;
    handle_.resume();
    if (self.finished) {
      current_context = parent.promise().context;  // the child may have worked for another
      return false;
    }
    self.parent = &parent.promise();
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  friend class TaskGroup;
  void drop() {
    if (!handle_) return;
    RW_ASSERT(!handle_.promise().started || handle_.promise().finished);
    handle_.destroy();
  }
  Handle handle_;
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() {
    auto handle = std::coroutine_handle<Promise>::from_promise(*this);
    coroutine = handle;
    return Task<T>(handle);
  }
  static Task<T> get_return_object_on_allocation_failure() { return Task<T>(); }
  template <class U>
  void return_value(U&& given) {
    value.emplace(std::forward<U>(given));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() {
    auto handle = std::coroutine_handle<Promise>::from_promise(*this);
    coroutine = handle;
    return Task<void>(handle);
  }
  static Task<void> get_return_object_on_allocation_failure() { return Task<void>(); }
  void return_void() {}
  void take() {}
};

/// Sets what the running coroutine, and every child it awaits from now on, works for.
/// `co_await set_context(context)`; `context` must outlive the work, or be replaced by null.
struct SetContext {
  const Context* context;
  explicit SetContext(const Context* given) : context(given) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    self.promise().context = context;
    current_context = context;
    return false;
  }
  void await_resume() const noexcept {}
};

/// Lets everything else that is ready run first; for loops that might never wait.
struct YieldTurn {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    ready_queue.push(self.promise());
  }
  void await_resume() const noexcept {}
};

}  // namespace ringwall::io

#include "daemon/io/task_group.h"
