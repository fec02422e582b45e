// Walk: what a thread of its own needs to look at the whole cache: a million entries take a while,
// and the master has a heart too. Made on the loop's thread, run on the other.
#pragma once

#include <fcntl.h>

#include <array>
#include <optional>
#include <string>

#include "cache/store.h"
#include "daemon/base/limits.h"
#include "daemon/base/unique_fd.h"
#include "daemon/master/estate.h"

namespace ringwall::master {

struct Walk {
  base::UniqueFd segment;  // of its own: the master may let go of the cache meanwhile
  std::array<int, base::slots_max> doorbells = {};
  std::string failure;  // empty: it ran

  explicit Walk(const Estate& estate)
      : segment(fcntl(estate.cache.get(), F_DUPFD_CLOEXEC, 0)) {
    for (unsigned slot = 0; slot < base::slots_max; ++slot) {
      doorbells[slot] = estate.doorbells[slot].get();
    }
  }
  /// Calls f with an observer of its own: a Store is for one thread.
  template <class F>
  void run(F f) {
    if (!segment) {
      failure = "there is no cache now";
      return;
    }
    auto store = cache::Store::attach(segment.get(), std::nullopt, doorbells);
    if (store) {
      f(*store);
    } else {
      failure = store.error().what;
    }
  }
};

}  // namespace ringwall::master
