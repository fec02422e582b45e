#include "daemon/master/resizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conf/units.h"
#include "daemon/base/log.h"
#include "daemon/master/background.h"
#include "daemon/master/walk.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

// A slice reserves some 40 MiB; a stop waits for it. Between slices the machine belongs to others.
constexpr base::Duration slice = 10ms;
constexpr base::Duration slice_pause = 2ms;
// Whoever reads slowly does so for a while; each try walks the whole cache, at 66 ns an entry.
constexpr base::Duration wait_least = 50ms;
constexpr base::Duration wait_most = 5s;
constexpr base::Duration failure_pause = 10s;
// While the cache may be damaged, and until another is there.
constexpr base::Duration absence_pause = 1s;

}  // namespace

Resizer::Work Resizer::work_of(Estate& estate) {
  Work work;
  work.there = [&estate] {
    return estate.observer && !estate.suspect && !estate.observer->condemned();
  };
  work.usage = [&estate] { return estate.observer->usage(); };
  work.set = [&estate](uint64_t size) { return estate.observer->set_size(size); };
  work.resize = [&estate](cache::ResizeProgress& progress) -> base::Result<cache::Resized> {
    Walk walk(estate);
    base::Result<cache::Resized> resized = cache::Resized::waiting;
    walk.run([&](cache::Store& store) { resized = store.resize(progress, slice); });
    if (!walk.failure.empty()) return base::fail(std::move(walk.failure));
    return resized;
  };
  return work;
}

io::Task<void> Resizer::keep(io::Stop& stop) {
  while (!stop.requested() && !left_) {
    if (!due_) {
      co_await asked_.wait(io::Until(&stop));
      continue;
    }
    if (!work_.there()) {
      co_await asked_.wait(io::Until(loop_.now() + absence_pause, &stop));
      continue;
    }
    base::Result<cache::Resized> resized = base::fail("no thread can be had");
    asked_anew_ = false;
    if (std::exchange(renewed_, false)) progress_ = {};
    std::function<void()> work = [&] { resized = work_.resize(progress_); };
    co_await in_background(loop_, std::move(work));
    if (renewed_) continue;  // what came of it concerns a segment that is no more
    base::Duration pause = work_.there() ? note(resized) : absence_pause;
    if (!due_ || asked_anew_ || left_) continue;
    io::Until until(loop_.now() + pause, &stop);
    co_await asked_.wait(until);
  }
}

/// How long to wait before the next slice.
base::Duration Resizer::note(const base::Result<cache::Resized>& resized) {
  if (!resized) {
    note_failure(resized.error());
    return failure_pause;
  }
  failing_ = false;
  if (*resized == cache::Resized::done && work_.usage().resizing == cache::Usage::Resizing::no) {
    note_done();
    return slice_pause;
  }
  if (*resized != cache::Resized::waiting) return slice_pause;
  const base::Duration before = pause_;
  pause_ = std::clamp(pause_ * 2, wait_least, wait_most);
  if (pause_ == wait_most && before != wait_most) {
    cache::Usage usage = work_.usage();
    base::log_notice("cache: has {} on its way to {}; the rest waits for what is still being read "
                     "or stored there",
                     conf::size_text(usage.reserved_bytes), conf::size_text(usage.arena_bytes));
  }
  return pause_;
}

void Resizer::note_done() {
  due_ = false;
  pause_ = base::Duration(0);
  if (changes_) {
    base::log_notice("cache: has {} now; {}", conf::size_text(work_.usage().arena_bytes),
                     progress_.objects == 0
                         ? "nothing was removed"
                         : fmt::format("{} responses with {} bytes were removed",
                                       progress_.objects, progress_.bytes));
  }
  changes_ = false;
  progress_ = {};
}

void Resizer::note_failure(const base::Error& error) {
  if (!failing_) {
    base::log_warning("cache: {}; it goes on with {} and tries again", error.what,
                      conf::size_text(work_.usage().reserved_bytes));
  }
  failing_ = true;
}

void Resizer::set(uint64_t size) {
  const uint64_t before = work_.usage().arena_bytes;
  if (auto status = work_.set(size); !status) {
    base::log_error("cache: {}", status.error().what);
    return;
  }
  const uint64_t after = work_.usage().arena_bytes;
  if (after == before) return;
  base::log_notice("cache: {} from {} to {}", after > before ? "grows" : "shrinks",
                   conf::size_text(before), conf::size_text(after));
  due_ = true;
  asked_anew_ = true;
  changes_ = true;
  pause_ = base::Duration(0);
  asked_.notify_all();
}

void Resizer::renew() {
  due_ = true;
  renewed_ = true;
  changes_ = false;
  pause_ = base::Duration(0);
  asked_.notify_all();
}

void Resizer::leave() {
  left_ = true;
  asked_.notify_all();
}

}  // namespace ringwall::master
