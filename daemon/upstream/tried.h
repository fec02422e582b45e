// Tried: which backends one exchange has already been sent to, so that a retry goes elsewhere and
// the number of attempts stays bounded. A value of the exchange; one for all its checkouts.
#pragma once

#include <cstddef>

#include "daemon/base/assert.h"
#include "daemon/base/limits.h"

namespace ringwall::upstream {

class Backend;

class Tried {
 public:
  bool contains(const Backend& backend) const {
    for (size_t i = 0; i < size_; ++i) {
      if (backends_[i] == &backend) return true;
    }
    return false;
  }
  /// Requires: !full(), not yet contained.
  void add(Backend& backend) {
    RW_ASSERT(!full());
    backends_[size_++] = &backend;
  }
  /// The latest; null when there is none.
  Backend* last() const { return size_ > 0 ? backends_[size_ - 1] : nullptr; }
  size_t size() const { return size_; }
  bool full() const { return size_ == base::attempts_max; }

 private:
  Backend* backends_[base::attempts_max] = {};
  size_t size_ = 0;
};

}  // namespace ringwall::upstream
