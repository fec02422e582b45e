// The part of Commands that is about the cache. What walks the whole cache runs on a thread of its
// own with an observer of its own: a million entries take a while, and the master has a heart too.
#include <fmt/format.h>

#include "daemon/base/log.h"
#include "daemon/caching/key.h"
#include "daemon/master/background.h"
#include "daemon/master/commands.h"
#include "daemon/master/master.h"

namespace ringwall::master {
namespace {

using control::Outcome;
using control::RpcError;

RpcError no_cache() {
  return RpcError(Outcome::refused, "there is no cache: cache.size is 0");
}

/// What a thread gets, and what it gives.
struct Walk {
  int segment = -1;
  std::array<int, base::slots_max> doorbells = {};
  std::string failure;

  explicit Walk(const Estate& estate) : segment(estate.cache.get()) {
    for (unsigned slot = 0; slot < base::slots_max; ++slot) {
      doorbells[slot] = estate.doorbells[slot].get();
    }
  }
  /// Calls f with an observer.
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

}  // namespace

control::Answer Commands::cache_usage() const {
  const auto& observer = master_.estate().observer;
  if (!observer) return base::fail(no_cache());
  cache::Usage usage = observer->usage();
  cache::Counters counters = observer->counters();
  control::CacheReport report;
  report.arena_bytes = usage.arena_bytes;
  report.used_bytes = usage.used_bytes;
  report.content_bytes = usage.content_bytes;
  report.objects = usage.objects;
  report.filling = usage.filling;
  report.limbo = usage.limbo;
  report.pinned = usage.pinned;
  report.markers = usage.markers;
  report.hits = counters.hits;
  report.misses = counters.misses;
  report.follows = counters.follows;
  report.fills = counters.fills;
  report.stored = counters.stored;
  report.abandoned = counters.abandoned;
  report.uncacheable = counters.uncacheable;
  report.evictions = counters.evictions;
  report.evicted_bytes = counters.evicted_bytes;
  report.purged = counters.purged;
  report.no_room = counters.no_room;
  report.busy = counters.busy;
  report.recoveries = counters.recoveries;
  return control::encode(report);
}

io::Task<control::Answer> Commands::cache_verify() {
  if (!master_.estate().observer) co_return base::fail(no_cache());
  Walk walk(master_.estate());
  control::VerifyReport report;
  std::function<void()> work = [&] {
    walk.run([&](cache::Store& store) {
      report.objects = store.usage().objects;
      report.breaches = store.verify();
    });
  };
  bool ran = co_await in_background(master_.loop(), std::move(work));
  if (!ran) walk.failure = "no thread can be had";
  if (!walk.failure.empty()) co_return base::fail(RpcError(Outcome::failed, walk.failure));
  for (const std::string& breach : report.breaches) base::log_error("cache: {}", breach);
  co_return control::encode(report);
}

io::Task<control::Answer> Commands::cache_purge(const Call& call) {
  auto params = control::read_params<control::PurgeParams>(call.request);
  if (!params) co_return base::fail(std::move(params.error()));
  if (!params->valid()) {
    co_return base::fail(RpcError(control::rpc_invalid_params, "one of urls, prefix and all"));
  }
  auto& observer = master_.estate().observer;
  if (!observer) co_return base::fail(no_cache());
  control::PurgeReport report;
  for (const std::string& url : params->urls) {
    std::string key = caching::key_of_url(url);
    if (key.empty()) {
      co_return base::fail(RpcError(Outcome::usage, fmt::format("\"{}\" is no URL", url)));
    }
    cache::PurgeCount count = observer->purge(key);
    report.urls.push_back({url, count.objects, count.bytes});
    report.objects += count.objects;
    report.bytes += count.bytes;
    // Thousands of URLs must not hold the loop.
    if (report.urls.size() % 256 == 0) co_await io::YieldTurn();
  }
  if (params->prefix || params->all) {
    call.progress("walking the cache");
    Walk walk(master_.estate());
    std::string prefix = params->prefix ? caching::key_of_url(*params->prefix) : "";
    if (params->prefix && prefix.empty()) {
      co_return base::fail(
          RpcError(Outcome::usage, fmt::format("\"{}\" is no URL", *params->prefix)));
    }
    cache::PurgeCount count;
    std::function<void()> work = [&] {
      walk.run([&](cache::Store& store) {
        count = params->all ? store.purge_all() : store.purge_prefix(prefix);
      });
    };
    bool ran = co_await in_background(master_.loop(), std::move(work));
    if (!ran) walk.failure = "no thread can be had";
    if (!walk.failure.empty()) co_return base::fail(RpcError(Outcome::failed, walk.failure));
    report.objects = count.objects;
    report.bytes = count.bytes;
  }
  base::log_info("purged {} responses, {} bytes", report.objects, report.bytes);
  if (report.objects > 0) co_return control::encode(report);
  co_return base::fail(
      RpcError(Outcome::nothing_matched, "nothing matched", control::encode(report)));
}

}  // namespace ringwall::master
