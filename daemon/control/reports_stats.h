// What cache.stats gives: how much the cache does, by route and by reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

/// The proxied requests of a route that have ended, by how the cache took part.
struct RouteReport {
  std::string route;
  uint64_t requests = 0;
  uint64_t hits = 0;
  uint64_t stale = 0;
  uint64_t revalidated = 0;
  uint64_t misses = 0;
  uint64_t collapsed = 0;
  uint64_t passes = 0;
  uint64_t uncacheable = 0;
  uint64_t busy = 0;     // the cache was passed by for a reason of its own
  uint64_t no_room = 0;
  uint64_t content_cache_bytes = 0;   // content sent that was stored already
  uint64_t content_origin_bytes = 0;  // and that was fetched
  double hit_ratio = 0;       // hits, stale and revalidated, of the requests
  double byte_hit_ratio = 0;  // content from the cache, of all

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("route", self.route);
    visit("requests", self.requests);
    visit("hits", self.hits);
    visit("stale", self.stale);
    visit("revalidated", self.revalidated);
    visit("misses", self.misses);
    visit("collapsed", self.collapsed);
    visit("passes", self.passes);
    visit("uncacheable", self.uncacheable);
    visit("busy", self.busy);
    visit("no_room", self.no_room);
    visit("content_cache_bytes", self.content_cache_bytes);
    visit("content_origin_bytes", self.content_origin_bytes);
    visit("hit_ratio", self.hit_ratio);
    visit("byte_hit_ratio", self.byte_hit_ratio);
  }
};

struct ReasonReport {
  std::string reason;
  uint64_t requests = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("reason", self.reason);
    visit("requests", self.requests);
  }
};

/// Evicted responses by the time since their last use.
struct EvictedIdleReport {
  std::optional<uint64_t> up_to_s;  // absent: longer than all others
  uint64_t responses = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("up_to_s", self.up_to_s);
    visit("responses", self.responses);
  }
};

struct CacheStatsReport {
  int64_t now = 0;
  int64_t started_at = 0;  // of the numbers
  std::vector<RouteReport> routes;
  RouteReport all;                    // their sum
  std::vector<ReasonReport> reasons;  // the most frequent first; those that occurred
  uint64_t objects = 0;
  uint64_t stored = 0;
  uint64_t evictions = 0;
  uint64_t evicted_bytes = 0;
  uint64_t evicted_unused = 0;      // responses never used
  double evicted_unused_ratio = 0;  // of the evicted responses
  double evicted_idle_mean_s = 0;   // from their last use
  double evicted_stored_mean_s = 0;  // from when they were stored or last validated
  std::vector<EvictedIdleReport> evicted_idle;  // shortest first
  uint64_t returned = 0;                        // stored again soon after their eviction
  std::optional<double> eviction_age_s;         // idle time of what would be evicted next
  uint64_t purged = 0;
  uint64_t segments_given_up = 0;  // damaged, or as a precaution

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("now", self.now);
    visit("started_at", self.started_at);
    visit("routes", self.routes);
    visit("all", self.all);
    visit("reasons", self.reasons);
    visit("objects", self.objects);
    visit("stored", self.stored);
    visit("evictions", self.evictions);
    visit("evicted_bytes", self.evicted_bytes);
    visit("evicted_unused", self.evicted_unused);
    visit("evicted_unused_ratio", self.evicted_unused_ratio);
    visit("evicted_idle_mean_s", self.evicted_idle_mean_s);
    visit("evicted_stored_mean_s", self.evicted_stored_mean_s);
    visit("evicted_idle", self.evicted_idle);
    visit("returned", self.returned);
    visit("eviction_age_s", self.eviction_age_s);
    visit("purged", self.purged);
    visit("segments_given_up", self.segments_given_up);
  }
};

}  // namespace ringwall::control
