// HealPolicy: when a cache segment is given up, and when the cache is. A damaged one is replaced at
// once; damage that comes back so often is no accident, and then no cache is better than one that
// crashes workers over and over. Repeated crashes with a segment that is found sound are answered
// by an empty one too, as a precaution against content that crashes who serves it: but seldom, for
// whatever else crashes workers would empty the cache each time. Pure: `now` is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "daemon/base/time.h"

namespace ringwall::master {

class HealPolicy {
 public:
  static constexpr unsigned replacements_max = 3;  // for damage …
  static constexpr base::Duration replacements_time = std::chrono::minutes(10);
  static constexpr unsigned crashes_max = 3;
  static constexpr base::Duration crashes_time = std::chrono::seconds(10);
  static constexpr base::Duration precaution_pause = std::chrono::hours(1);

  /// The segment is damaged. True: replace it; false: do without a cache.
  bool replace_damaged(base::Instant now) {
    if (replacements_.within(now, replacements_time) >= replacements_max) return false;
    replacements_.add(now);
    return true;
  }

  /// A worker died by a fault.
  void crashed(base::Instant now) { crashes_.add(now); }

  /// The segment was found sound after a crash. True: replace it all the same.
  bool replace_sound(base::Instant now) {
    bool often = crashes_.within(now, crashes_time) >= crashes_max;
    bool lately = !last_precaution_.is_never() && now - last_precaution_ < precaution_pause;
    if (!often || lately) return false;
    last_precaution_ = now;
    return true;
  }

 private:
  /// The last few moments of something.
  template <size_t n>
  class Moments {
   public:
    void add(base::Instant now) {
      at_[next_] = now;
      next_ = (next_ + 1) % n;
    }
    unsigned within(base::Instant now, base::Duration time) const {
      unsigned count = 0;
      for (base::Instant at : at_) count += !at.is_never() && now - at < time;
      return count;
    }

   private:
    static constexpr std::array<base::Instant, n> none() {
      std::array<base::Instant, n> all;
      all.fill(base::Instant::never());
      return all;
    }
    std::array<base::Instant, n> at_ = none();
    size_t next_ = 0;
  };

  Moments<replacements_max> replacements_;
  Moments<crashes_max> crashes_;
  base::Instant last_precaution_ = base::Instant::never();
};

}  // namespace ringwall::master
