// Walk: what a thread of its own needs to look at the whole cache: a million entries take a while,
// and the master has a heart too. Made on the loop's thread, run on the other.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "cache/store.h"
#include "daemon/base/limits.h"
#include "daemon/master/estate.h"

namespace ringwall::master {

struct Walk {
  int segment = -1;
  std::array<int, base::slots_max> doorbells = {};
  std::string failure;  // empty: it ran

  explicit Walk(const Estate& estate) : segment(estate.cache.get()) {
    for (unsigned slot = 0; slot < base::slots_max; ++slot) {
      doorbells[slot] = estate.doorbells[slot].get();
    }
  }
  /// Calls f with an observer of its own: a Store is for one thread.
  template <class F>
  void run(F f) {
    auto store = cache::Store::attach(segment, std::nullopt, doorbells);
    if (store) {
      f(*store);
    } else {
      failure = store.error().what;
    }
  }
};

}  // namespace ringwall::master
