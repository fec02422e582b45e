// The part of Commands that says what the cache holds and whether it is sound. A check runs in a
// process of its own (heal.h).
#include "daemon/master/cache_numbers.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"
#include "daemon/master/routed_keys.h"

namespace ringwall::master {

using control::Outcome;
using control::RpcError;

namespace {

std::string_view name_of(cache::Usage::Resizing resizing) {
  switch (resizing) {
    case cache::Usage::Resizing::no:
      break;
    case cache::Usage::Resizing::growing:
      return "growing";
    case cache::Usage::Resizing::shrinking:
      return "shrinking";
  }
  return "no";
}

}  // namespace

RpcError Commands::no_cache() {
  return RpcError(Outcome::refused, "there is no cache: cache.size is 0, or it was found damaged and "
                                    "could not be replaced, which the error log tells");
}

/// Made anew for each generation: its router takes a millisecond with thousands of routes.
const RoutedKeys& Commands::routed_keys() {
  std::shared_ptr<const Generation> current = master_.held_generation();
  if (!routed_keys_ || routed_for_ != current->number) {
    routed_for_ = current->number;
    routed_keys_ = std::make_unique<RoutedKeys>(
        std::shared_ptr<const conf::Config>(current, &current->config));
  }
  return *routed_keys_;
}

control::Answer Commands::cache_usage() const {
  const auto& observer = master_.estate().observer;
  if (!observer) return base::fail(no_cache());
  cache::Usage usage = observer->usage();
  cache::Counters counters = observer->counters();
  control::CacheReport report;
  report.arena_bytes = usage.arena_bytes;
  report.arena_bytes_max = usage.arena_bytes_max;
  report.reserved_bytes = usage.reserved_bytes;
  report.resizing = name_of(usage.resizing);
  report.used_bytes = usage.used_bytes;
  report.content_bytes = usage.content_bytes;
  report.objects = usage.objects;
  report.filling = usage.filling;
  report.limbo = usage.limbo;
  report.pinned = usage.pinned;
  report.markers = usage.markers;
  report.purges_pending = usage.purges_pending;
  report.protected_bytes = usage.protected_bytes;
  report.protected_share = usage.protected_share;
  report.eviction_age_ms = usage.eviction_age_ms;
  report.hits = counters.hits;
  report.misses = counters.misses;
  report.follows = counters.follows;
  report.fills = counters.fills;
  report.stored = counters.stored;
  report.abandoned = counters.abandoned;
  report.uncacheable = counters.uncacheable;
  report.evictions = counters.evictions;
  report.evicted_bytes = counters.evicted_bytes;
  report.evicted_unused = counters.evicted_unused;
  report.returned = counters.returned;
  report.purged = counters.purged;
  report.no_room = counters.no_room;
  report.busy = counters.busy;
  report.recoveries = counters.recoveries;
  return control::encode(report);
}

control::Answer Commands::cache_stats() const {
  const Estate& estate = master_.estate();
  return control::encode(
      cache_numbers(*estate.stats, estate.observer ? &*estate.observer : nullptr));
}

io::Task<control::Answer> Commands::cache_verify() {
  if (!master_.estate().observer) co_return base::fail(no_cache());
  Heal::Outcome outcome = co_await master_.examine_cache();
  if (outcome.check.verdict == Check::Verdict::undecided) {
    if (outcome.check.findings.empty()) outcome.check.findings.emplace_back("it is being replaced");
    co_return base::fail(RpcError(Outcome::failed, "the cache could not be checked: " +
                                                       outcome.check.text()));
  }
  control::VerifyReport report;
  report.objects = outcome.check.objects;
  report.breaches = outcome.check.findings;
  report.segment = name_of(outcome.ending);
  co_return control::encode(report);
}

}  // namespace ringwall::master
