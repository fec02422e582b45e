// CacheNumbers: the report of cache.stats out of the stats segment and the cache's own counters.
#pragma once

#include "cache/store.h"
#include "daemon/control/reports_stats.h"
#include "daemon/stats/segment.h"

namespace ringwall::master {

/// `store` may be null: there is no cache, but requests pass and are counted.
control::CacheStatsReport cache_numbers(const stats::Segment& segment, const cache::Store* store);

}  // namespace ringwall::master
