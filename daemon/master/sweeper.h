// Sweeper: the master's housekeeping of purges. A purge by prefix, tag or all is in force at once,
// but what it concerns is taken out and counted by a sweep of the whole cache. Whoever has purged
// asks for one; and once a second it is looked whether the workers have purged by themselves (HTTP
// PURGE, Cache-Group-Invalidation).
//
// One sweep at a time, on a thread of its own; those who ask while one runs share the next. On the
// loop's thread but for that.
#pragma once

#include <cstdint>
#include <functional>

#include "cache/store.h"
#include "daemon/base/result.h"
#include "daemon/io/event.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/master/estate.h"

namespace ringwall::master {

class Sweeper {
 public:
  struct Work {
    std::function<bool()> pending;                             // on the loop's thread
    std::function<base::Result<cache::PurgeCount>()> sweep;  // on the other
    std::function<void()> prepare;                           // before it, on the loop's
  };
  /// Of the cache of `estate`, which outlives it.
  static Work work_of(const Estate& estate);

  Sweeper(io::Loop& loop, Work work)
      : loop_(loop), work_(std::move(work)), asked_for_one_(loop), ended_one_(loop) {}
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  /// Sweeps when asked, and while anything is pending, until `stop`; a sweep that runs then is
  /// waited for. Requires: there is a cache.
  io::Task<void> keep(io::Stop& stop);

  /// Ends when a sweep that began after this call has ended. False: it failed (the log says why), or
  /// there was none because keep() ended or `gone` was requested.
  io::Task<bool> sweep(io::Stop& gone);

  /// All that was taken out by sweeps so far; what a purge took out lies between two of these, with
  /// what others purged meanwhile.
  const cache::PurgeCount& swept() const { return swept_; }

 private:
  io::Task<void> sweep_once();

  io::Loop& loop_;
  Work work_;
  cache::PurgeCount swept_;
  // Sweeps by number: up to which they are asked for, have begun, have ended.
  uint64_t asked_ = 0;
  uint64_t begun_ = 0;
  uint64_t ended_ = 0;
  bool failed_ = false;  // the last that ended
  bool over_ = false;
  io::Event asked_for_one_;
  io::Event ended_one_;
};

}  // namespace ringwall::master
