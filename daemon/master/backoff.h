// Backoff: how long a child that has died waits before it is started again. At once after the first
// death, then 100 ms, doubled with each further one; a minute of health forgets it all. One that had
// become ready is back within a second whatever befalls it, for it serves meanwhile: half a second at
// most. One that does not even become ready waits up to 10 s. Pure: `now` is an argument.
#pragma once

#include <algorithm>
#include <chrono>

#include "daemon/base/time.h"

namespace ringwall::master {

class Backoff {
 public:
  static constexpr base::Duration first_pause = std::chrono::milliseconds(100);
  static constexpr base::Duration ready_pause_max = std::chrono::milliseconds(500);
  static constexpr base::Duration pause_max = std::chrono::seconds(10);
  static constexpr base::Duration health = std::chrono::minutes(1);

  /// The child is ready.
  void up(base::Instant now) { up_since_ = now; }

  /// The child has died; when to start the next.
  base::Duration down(base::Instant now) {
    bool was_ready = !up_since_.is_never();
    if (was_ready && now - up_since_ >= health) next_ = base::Duration::zero();
    up_since_ = base::Instant::never();
    if (was_ready) next_ = std::min(next_, ready_pause_max);
    base::Duration pause = next_;
    next_ = next_ == base::Duration::zero() ? first_pause : std::min(next_ * 2, pause_max);
    return pause;
  }

 private:
  base::Duration next_ = base::Duration::zero();
  base::Instant up_since_ = base::Instant::never();
};

}  // namespace ringwall::master
