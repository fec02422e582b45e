// Resizer: the master's care for the size of the cache. It reserves the memory behind a quick
// start, and after a reload that changed cache.size it lets the cache grow or shrink while it
// serves; a change that comes meanwhile is followed at once. What cannot be had (memory) or not yet
// be given back (responses that are still being read) is tried again until it can.
//
// One slice of work at a time, on a thread of its own. On the loop's thread but for that.
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

class Resizer {
 public:
  struct Work {
    std::function<bool()> there;                  // on the loop's thread; a cache to work on
    std::function<cache::Usage()> usage;          // likewise
    std::function<base::Status(uint64_t)> set;    // likewise; bytes
    std::function<base::Result<cache::Resized>(cache::ResizeProgress&)> resize;  // on the other
  };
  /// Of the cache of `estate`, which outlives it.
  static Work work_of(Estate& estate);

  Resizer(io::Loop& loop, Work work) : loop_(loop), work_(std::move(work)), asked_(loop) {}
  Resizer(const Resizer&) = delete;
  Resizer& operator=(const Resizer&) = delete;

  /// Brings about the size that was asked for, at first the one the cache was made with, until
  /// `stop` or leave(); a slice that runs then is waited for. Requires: there is a cache.
  io::Task<void> keep(io::Stop& stop);

  /// Asks for another size, in bytes; nothing happens where it is the one that was asked for last.
  /// Requires: one that this cache may have.
  void set(uint64_t size);

  /// Another segment has taken the cache's place.
  void renew();

  /// Another master goes on with it.
  void leave();

 private:
  base::Duration note(const base::Result<cache::Resized>& resized);
  void note_done();
  void note_failure(const base::Error& error);

  io::Loop& loop_;
  Work work_;
  cache::ResizeProgress progress_;  // the thread's while it runs
  bool due_ = true;
  bool asked_anew_ = false;  // since the slice that runs began
  bool renewed_ = false;     // likewise
  bool changes_ = false;  // since somebody asked, so that its end is told
  bool failing_ = false;
  bool left_ = false;
  base::Duration pause_{0};  // of late, while it has to wait
  io::Event asked_;
};

}  // namespace ringwall::master
