// The part of Master that puts another cache segment in the place of a condemned one: workers that
// map the new one are started beside the old, which drain. What is in force otherwise stays.
#include "daemon/base/log.h"
#include "daemon/master/master.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration start_patience = 60s;

base::Status make_cache(Estate& estate, uint64_t size) {
  cache::SegmentOptions options;
  options.size = size;
  options.size_max = estate.cache_settings.size_max;
  options.literal_lru = estate.cache_settings.literal_lru;
  options.huge_pages = estate.cache_settings.huge_pages;
  auto segment = cache::create_segment(options);
  if (!segment) return base::fail(std::move(segment.error()));
  std::array<int, base::slots_max> doorbells = {};
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    doorbells[slot] = estate.doorbells[slot].get();
  }
  auto store = cache::Store::attach(segment->get(), std::nullopt, doorbells);
  if (!store) return base::fail(std::move(store.error()));
  store->add_counters(estate.former_counters);
  estate.cache = std::move(*segment);
  estate.observer.emplace(std::move(*store));
  ++estate.segment;
  return {};
}

/// The memory goes with the last of its workers: what they are sending lies there.
void let_go_of_cache(Estate& estate) {
  estate.former_counters = estate.observer->counters();
  estate.observer->supersede();
  estate.observer.reset();
  estate.cache.reset();
  ++estate.segment;
}

}  // namespace

CheckRun Master::checker() const {
  CheckRun run;
  run.path = "/proc/self/exe";
  run.arguments = {estate_.program, "--child", "checker"};
  run.heritage.kind = worker::Kind::checker;
  run.heritage.generation = current_->number;
  run.heritage.cache = estate_.cache.get();
  run.heritage.error_log = estate_.logs.error_fd();
  run.heritage.level = current_->config.log.level;
  run.heritage.identity = estate_.identity;
  run.heritage.doorbells.fill(-1);
  run.limit = check_limit(estate_.cache_settings.size_max);
  return run;
}

io::Task<void> Master::renew_cache(bool wanted) {
  Turn turn = co_await take_turn();
  if (stopping()) co_return;
  if (estate_.observer && estate_.observer->condemned()) let_go_of_cache(estate_);
  if (wanted && !estate_.observer && estate_.cache_settings.size > 0) {
    auto made = make_cache(estate_, current_->config.cache.size);
    if (made) {
      base::log_notice("cache: an empty segment takes the place of the former");
      resizer_.renew();
    } else {
      base::log_error("cache: no new segment, requests pass uncached until there is one: {}",
                      made.error().what);
    }
  }
  estate_.suspect = false;
  if (children_.outdated() == 0) co_return;
  io::Until until(loop_.now() + start_patience);
  bool all = co_await children_.renew_workers(until);
  if (!all) base::log_error("cache: not all workers could be replaced, which is tried again");
}

}  // namespace ringwall::master
