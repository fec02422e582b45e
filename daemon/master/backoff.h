// Backoff: how long a child that has died waits before it is started again. At once after the first
// death, then 100 ms, doubled with each further one up to 10 s; a minute of health forgets it all.
// Pure: `now` is an argument.
#pragma once

#include <algorithm>
#include <chrono>

#include "daemon/base/time.h"

namespace ringwall::master {

class Backoff {
 public:
  static constexpr base::Duration first_pause = std::chrono::milliseconds(100);
  static constexpr base::Duration pause_max = std::chrono::seconds(10);
  static constexpr base::Duration health = std::chrono::minutes(1);

  /// The child is ready.
  void up(base::Instant now) { up_since_ = now; }

  /// The child has died; when to start the next.
  base::Duration down(base::Instant now) {
    if (!up_since_.is_never() && now - up_since_ >= health) next_ = base::Duration::zero();
    up_since_ = base::Instant::never();
    base::Duration pause = next_;
    next_ = next_ == base::Duration::zero() ? first_pause : std::min(next_ * 2, pause_max);
    return pause;
  }

 private:
  base::Duration next_ = base::Duration::zero();
  base::Instant up_since_ = base::Instant::never();
};

}  // namespace ringwall::master
