// Signals: blocked in the whole process and read as events through the ring, so that no handler
// ever runs in the middle of anything.
#pragma once

#include <initializer_list>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"

namespace ringwall::control {

class Signals {
 public:
  /// Blocks `wanted` and the ones in `ignored`; the former can be read from now on. SIGPIPE is
  /// ignored too.
  static base::Result<Signals> take(std::initializer_list<int> wanted,
                                    std::initializer_list<int> ignored);

  /// The next signal's number; negative errno when stopped.
  io::Task<int> next(io::Loop& loop, io::Until until);

 private:
  base::UniqueFd fd_;
};

}  // namespace ringwall::control
