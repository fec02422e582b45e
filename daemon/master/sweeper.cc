#include "daemon/master/sweeper.h"

#include <algorithm>

#include "daemon/base/log.h"
#include "daemon/master/background.h"
#include "daemon/master/walk.h"

namespace ringwall::master {
namespace {

// A sweep costs 66 ns an entry; until it comes each lookup pays for the pending purges.
constexpr base::Duration look_interval = std::chrono::seconds(1);

}  // namespace

Sweeper::Work Sweeper::work_of(const Estate& estate) {
  auto pending = [&estate] {
    return estate.observer && !estate.suspect && estate.observer->usage().purges_pending > 0;
  };
  auto walk = std::make_shared<std::optional<Walk>>();
  auto prepare = [&estate, walk] { walk->emplace(estate); };
  auto sweep = [walk]() -> base::Result<cache::PurgeCount> {
    cache::PurgeCount count;
    (*walk)->run([&](cache::Store& store) { count = store.sweep(); });
    if (!(*walk)->failure.empty()) return base::fail(std::move((*walk)->failure));
    return count;
  };
  return {pending, sweep, prepare};
}

io::Task<void> Sweeper::keep(io::Stop& stop) {
  while (!stop.requested()) {
    bool due = asked_ > begun_ || work_.pending();
    if (due) co_await sweep_once();
    if (asked_ > begun_) continue;
    io::Until until(loop_.now() + look_interval, &stop);
    co_await asked_for_one_.wait(until);
  }
  over_ = true;
  ended_one_.notify_all();
}

io::Task<void> Sweeper::sweep_once() {
  ++begun_;
  base::Result<cache::PurgeCount> count = base::fail("no thread can be had");
  if (work_.prepare) work_.prepare();
  std::function<void()> work = [&] { count = work_.sweep(); };
  co_await in_background(loop_, std::move(work));
  if (count) {
    swept_.objects += count->objects;
    swept_.bytes += count->bytes;
  } else {
    base::log_warning("cache: no sweep: {}", count.error().what);
  }
  failed_ = !count;
  ended_ = begun_;
  ended_one_.notify_all();
}

io::Task<bool> Sweeper::sweep(io::Stop& gone) {
  uint64_t wanted = begun_ + 1;
  asked_ = std::max(asked_, wanted);
  asked_for_one_.notify_all();
  while (ended_ < wanted && !over_) {
    int ended = co_await ended_one_.wait(io::Until(&gone));
    if (ended < 0) co_return false;
  }
  co_return ended_ >= wanted && !failed_;
}

}  // namespace ringwall::master
