// Lock and Section: the one way to change what processes share.
//
// A Lock is a robust process-shared mutex with an undo log beside it. A Section holds it; every
// store that other processes rely on goes through Section::set, which first writes the place and
// its old value into the log. Leaving the section empties the log, then unlocks: that is the
// commit. Whoever gets the lock of a dead owner undoes its log backwards and goes on as if the
// section had never begun. A process's stores form a prefix of its program order when it is killed,
// so compiler barriers are enough.
//
// Waiting is bounded: some spins, then slices of 2 ms (a robust mutex can lose a wake-up when a
// *waiter* is killed, so nobody sleeps in it for longer), 5 ms in all. Never hold two Sections.
// Inside: no system call, no allocation, no suspension, no unbounded loop.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cache/kill_point.h"
#include "daemon/base/assert.h"

namespace ringwall::cache {

// The fullest section, the end of a fill that replaces two, may log about 60 stores; the most that
// tests saw are 39. The rest is to spare: running out would abort the process.
inline constexpr unsigned undo_records_max = 92;
inline constexpr int64_t busy_wait_max_ns = 5'000'000;
inline constexpr int64_t busy_slice_ns = 2'000'000;

struct UndoRecord {
  uint64_t where;  // size of the field in the top 8 bits, offset from the segment's base below
  uint64_t old;
};

struct alignas(64) Lock {
  pthread_mutex_t mutex;
  uint32_t logged;  // records of `log` that count
  uint32_t reserved;
  uint64_t generation;  // + 1 for each section that changed something
  UndoRecord log[undo_records_max];
};
static_assert(sizeof(Lock) == 64 + sizeof(UndoRecord) * undo_records_max);

/// A robust, process-shared mutex in zeroed memory.
void init_robust_mutex(pthread_mutex_t& mutex);

/// Of a lock that could not be had for long: nothing that lives holds it, so that it is damaged.
bool held_by_nobody(const Lock& lock);

/// Holds `lock`, waiting at most 5 ms; test it before use. Undoes what a dead owner left.
class Section {
 public:
  Section(std::byte* base, Lock& lock)
      : base_(base), lock_(acquire(base, lock) ? &lock : nullptr) {}
  ~Section() {
    if (lock_ != nullptr) release();
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  explicit operator bool() const { return lock_ != nullptr; }
  std::byte* base() const { return base_; }

  /// Stores `value` so that the death of this process before the section's end undoes it.
  template <class T>
  void set(T& field, std::type_identity_t<T> value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
    note(&field, sizeof(T));
    field = value;
    kill_point();
  }
  template <class T>
  void set(std::atomic<T>& field, std::type_identity_t<T> value) {
    static_assert(sizeof(std::atomic<T>) == sizeof(T) && sizeof(T) <= 8);
    note(&field, sizeof(T));
    field.store(value, std::memory_order_release);
    kill_point();
  }
  template <class T>
  void add(T& field, std::type_identity_t<T> delta) {
    set(field, static_cast<T>(field + delta));
  }

 private:
  static bool acquire(std::byte* base, Lock& lock);
  void release();

  void note(const void* field, size_t size) {
    RW_ASSERT(lock_->logged < undo_records_max);
    UndoRecord& record = lock_->log[lock_->logged];
    uint64_t old = 0;
    std::memcpy(&old, field, size);
    record.where = static_cast<uint64_t>(static_cast<const std::byte*>(field) - base_) |
                   static_cast<uint64_t>(size) << 56;
    record.old = old;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    kill_point();
    lock_->logged = lock_->logged + 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    kill_point();
  }

  std::byte* base_;
  Lock* lock_;
};

/// Holds a robust mutex that processes only ever try, for work that may take long, in steps that
/// whoever comes after a death can take up; test it before use. What the dead owner left half done
/// is for the caller to see.
class TryHold {
 public:
  explicit TryHold(pthread_mutex_t& mutex);
  ~TryHold() {
    if (mutex_ != nullptr) pthread_mutex_unlock(mutex_);
  }
  TryHold(const TryHold&) = delete;
  TryHold& operator=(const TryHold&) = delete;

  explicit operator bool() const { return mutex_ != nullptr; }

 private:
  pthread_mutex_t* mutex_ = nullptr;
};

}  // namespace ringwall::cache
