#include "cache/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <time.h>

namespace ringwall::cache {
namespace {

constexpr int spins_max = 100;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

timespec after(timespec time, int64_t ns) {
  ns += time.tv_nsec;
  return {time.tv_sec + static_cast<time_t>(ns / 1'000'000'000),
          static_cast<long>(ns % 1'000'000'000)};
}

// What the dead owner's section stored is put back, last store first. May itself be killed at any
// point: the log shrinks only after its record was undone, and undoing twice does no harm.
void undo(std::byte* base, Lock& lock) {
  RW_ASSERT(lock.logged <= undo_records_max);
  while (lock.logged > 0) {
    const UndoRecord& record = lock.log[lock.logged - 1];
    const size_t size = record.where >> 56;
    RW_ASSERT(size <= sizeof(record.old));
    std::byte* field = base + (record.where & ((uint64_t{1} << 56) - 1));
    if (size == 8) {
      __atomic_store_n(reinterpret_cast<uint64_t*>(field), record.old, __ATOMIC_RELEASE);
    } else {
      std::memcpy(field, &record.old, size);
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
    kill_point();
    lock.logged = lock.logged - 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    kill_point();
  }
}

int wait_for(pthread_mutex_t& mutex) {
  for (int spin = 0; spin < spins_max; ++spin) {
    relax();
    if (spin % 10 != 9) continue;
    const int result = pthread_mutex_trylock(&mutex);
    if (result != EBUSY) return result;
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  for (int64_t waited = busy_slice_ns;; waited += busy_slice_ns) {
    const bool last = waited >= busy_wait_max_ns;
    const timespec until = after(now, last ? busy_wait_max_ns : waited);
    const int result = pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until);
    if (result != ETIMEDOUT || last) return result;
  }
}

}  // namespace

bool held_by_nobody(const Lock& lock) {
  // The kernel marks the lock before a thread's number is free again: who holds it but is not there
  // never took it.
  const int word = __atomic_load_n(&lock.mutex.__data.__lock, __ATOMIC_ACQUIRE);
  if (word == 0 || (word & FUTEX_OWNER_DIED) != 0) return false;
  const pid_t holder = word & FUTEX_TID_MASK;
  return holder == 0 || (kill(holder, 0) != 0 && errno == ESRCH);
}

void init_robust_mutex(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

TryHold::TryHold(pthread_mutex_t& mutex) {
  const int result = pthread_mutex_trylock(&mutex);
  if (result == EOWNERDEAD) pthread_mutex_consistent(&mutex);
  if (result == 0 || result == EOWNERDEAD) mutex_ = &mutex;
  kill_point();
}

bool Section::acquire(std::byte* base, Lock& lock) {
  int result = pthread_mutex_trylock(&lock.mutex);
  if (result == EBUSY) result = wait_for(lock.mutex);
  if (result == EOWNERDEAD) {
    kill_point();
    undo(base, lock);
    pthread_mutex_consistent(&lock.mutex);
    result = 0;
  }
  kill_point();
  if (result != 0) return false;
  RW_ASSERT(lock.logged == 0);
  return true;
}

void Section::release() {
  kill_point();
  if (lock_->logged > 0) {
    lock_->generation = lock_->generation + 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    lock_->logged = 0;
  }
  kill_point();
  pthread_mutex_unlock(&lock_->mutex);
  kill_point();
}

}  // namespace ringwall::cache
