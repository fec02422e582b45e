#include "daemon/master/estate.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "daemon/base/log.h"

namespace ringwall::master {
namespace {

base::Status take_doorbells(Estate& estate, const worker::Heritage* old) {
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    base::UniqueFd& bell = estate.doorbells[slot];
    // Blocking by intent: the ring waits in a read of it.
    bell.reset(old != nullptr ? old->doorbells[slot] : eventfd(0, EFD_CLOEXEC));
    if (!bell) return base::fail(base::os_failure("no eventfd", errno));
  }
  return {};
}

base::Status take_stats(Estate& estate, const worker::Heritage* old) {
  if (old != nullptr && old->stats >= 0) {
    estate.stats_fd.reset(old->stats);
    auto segment = stats::Segment::attach(old->stats, true);
    if (segment) {
      estate.stats.emplace(std::move(*segment));
      return {};
    }
    estate.stats_fd.reset();
    base::log_notice("counters start anew: {}", segment.error().what);
  }
  auto segment = stats::Segment::create();
  if (!segment) return base::fail(std::move(segment.error()));
  estate.stats.emplace(std::move(*segment));
  return {};
}

base::Status take_resolved(Estate& estate, const worker::Heritage* old) {
  if (old != nullptr && old->resolved >= 0) {
    // With its addresses, so that the new workers have them at once. The old prober still writes:
    // ours is started when that has ended.
    estate.resolved_fd.reset(old->resolved);
    auto table =
        upstream::ResolvedTable::attach(old->resolved, upstream::ResolvedTable::Access::read);
    if (table) {
      estate.resolved = std::move(*table);
      return {};
    }
    estate.resolved_fd.reset();
  }
  auto table = upstream::ResolvedTable::create();
  if (!table) return base::fail(std::move(table.error()));
  estate.resolved = std::move(*table);
  return {};
}

bool cache_fits(const conf::Cache& wanted, const worker::Heritage& old) {
  if (old.cache < 0 || !old.takeover) return false;
  const worker::Heritage::Takeover& takeover = *old.takeover;
  // Where the largest size is not given, the one for which the segment was made does.
  const bool size_fits = wanted.size != 0 && wanted.size <= takeover.cache_size_max &&
                         (wanted.size_max == 0 || wanted.size_max == takeover.cache_size_max);
  return size_fits && takeover.cache_layout == cache::layout_version() &&
         takeover.literal_lru == wanted.literal_lru && takeover.huge_pages == wanted.huge_pages;
}

/// To which size the cache may grow while it is in use.
uint64_t largest_size(const conf::Cache& wanted) {
  if (wanted.size_max != 0) return wanted.size_max;
  return std::max(wanted.size, std::min(wanted.size * 2, conf::cache_size_max));
}

base::Status take_cache(Estate& estate, const conf::Cache& wanted, const worker::Heritage* old) {
  estate.cache_settings = wanted;
  if (old != nullptr && cache_fits(wanted, *old)) {
    estate.cache.reset(old->cache);
    estate.cache_settings.size_max = old->takeover->cache_size_max;
  } else {
    if (old != nullptr && old->cache >= 0) {
      base::UniqueFd unused(old->cache);
      base::log_notice("the cache starts empty: its settings or its layout have changed");
    }
    if (wanted.size == 0) return {};
    cache::SegmentOptions options;
    options.size = wanted.size;
    options.size_max = estate.cache_settings.size_max = largest_size(wanted);
    options.literal_lru = wanted.literal_lru;
    options.huge_pages = wanted.huge_pages;
    auto segment = cache::create_segment(options);
    if (!segment) return base::fail(std::move(segment.error()));
    estate.cache = std::move(*segment);
  }
  std::array<int, base::slots_max> doorbells = {};
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    doorbells[slot] = estate.doorbells[slot].get();
  }
  auto store = cache::Store::attach(estate.cache.get(), std::nullopt, doorbells);
  if (!store) return base::fail(std::move(store.error()));
  estate.observer.emplace(std::move(*store));
  return {};
}

}  // namespace

base::Result<Estate> make_estate(const conf::Config& config, const worker::Heritage* old) {
  Estate estate;
  auto logs = Logs::open(config.log);
  if (!logs) return base::fail(std::move(logs.error()));
  estate.logs = std::move(*logs);
  auto identity = worker::find_identity(config.process.user, config.process.group);
  if (!identity) return base::fail(std::move(identity.error()));
  estate.identity = std::move(*identity);
  if (auto status = take_doorbells(estate, old); !status) return base::fail(status.error());
  if (auto status = take_stats(estate, old); !status) return base::fail(status.error());
  if (auto status = take_resolved(estate, old); !status) return base::fail(status.error());
  if (auto status = take_cache(estate, config.cache, old); !status) {
    return base::fail(status.error());
  }
  if (old != nullptr && old->takeover) {
    for (uint64_t slot : old->takeover->slots) estate.taken.set(slot);
  }
  return estate;
}

std::vector<std::string_view> proxied_routes(const conf::Config& config) {
  std::vector<std::string_view> names;
  for (const conf::Route& route : config.routes) {
    if (route.action == conf::Route::Action::proxy) names.push_back(route.name);
  }
  return names;
}

base::Status Estate::register_names(const conf::Config& config) {
  for (const conf::Upstream& upstream : config.upstreams) {
    for (const conf::Backend& backend : upstream.backends) {
      auto place = stats->assign(upstream.name, backend.name);
      if (!place) return base::fail(std::move(place.error()));
    }
  }
  stats->assign_routes(proxied_routes(config));
  return {};
}

std::optional<unsigned> Estate::take_last_slot() {
  for (unsigned slot = base::slots_max; slot-- > 0;) {
    if (taken[slot]) continue;
    taken.set(slot);
    return slot;
  }
  return std::nullopt;
}

void Estate::forget_names(const conf::Config& config) {
  std::vector<uint32_t> named;
  for (const conf::Upstream& upstream : config.upstreams) {
    for (const conf::Backend& backend : upstream.backends) {
      if (auto place = stats->find_backend(upstream.name, backend.name)) named.push_back(*place);
    }
  }
  stats->keep_only(named);
  stats->keep_only_routes(stats->find_routes(proxied_routes(config)));
}

worker::Heritage Estate::heritage(const Generation& generation) const {
  worker::Heritage heritage;
  heritage.generation = generation.number;
  heritage.bundle = generation.bundle.get();
  heritage.cache = cache.get();
  heritage.stats = stats_fd ? stats_fd.get() : stats->fd();
  heritage.resolved = resolved_fd ? resolved_fd.get() : resolved->fd();
  heritage.access_log = logs.access_fd();
  heritage.error_log = logs.error_fd();
  heritage.level = generation.config.log.level;
  heritage.identity = identity;
  for (const auto& listener : generation.listeners) {
    heritage.listeners.push_back(
        {listener->id(), listener->fd(), listener->configured(), listener->ipv6_only()});
  }
  for (unsigned slot = 0; slot < base::slots_max; ++slot) {
    heritage.doorbells[slot] = doorbells[slot].get();
  }
  return heritage;
}

}  // namespace ringwall::master
