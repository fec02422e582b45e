// What the methods that change and check the cache give; see control/reports.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

/// One URL of a purge.
struct PurgedUrl {
  std::string url;
  uint64_t objects = 0;
  uint64_t bytes = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("url", self.url);
    visit("objects", self.objects);
    visit("bytes", self.bytes);
  }
};

/// The result of a purge; when nothing matched, `data` of the error.
struct PurgeReport {
  std::string mode;      // soft, hard
  bool dry_run = false;  // nothing was changed
  uint64_t objects = 0;
  uint64_t bytes = 0;
  double effective_ms = 0;  // from the command until no worker could serve any of it as fresh
  double counted_ms = 0;    // until all of it was taken out and counted
  std::vector<PurgedUrl> urls;     // only of a purge by URL, not in bulk
  std::vector<std::string> wrong;  // in bulk: what was given as a URL and is none

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("mode", self.mode);
    visit("dry_run", self.dry_run);
    visit("objects", self.objects);
    visit("bytes", self.bytes);
    visit("effective_ms", self.effective_ms);
    visit("counted_ms", self.counted_ms);
    visit("urls", self.urls);
    visit("wrong", self.wrong);
  }
};

/// cache::Usage and cache::Counters, member for member; the ages of what was evicted are among the
/// numbers of cache.stats.
struct CacheReport {
  uint64_t arena_bytes = 0;  // the size asked for
  uint64_t arena_bytes_max = 0;
  uint64_t reserved_bytes = 0;  // the size it has
  std::string resizing;         // no, growing, shrinking
  uint64_t used_bytes = 0;
  uint64_t content_bytes = 0;
  uint64_t objects = 0;
  uint64_t filling = 0;
  uint64_t limbo = 0;
  uint64_t pinned = 0;
  uint64_t markers = 0;
  uint64_t purges_pending = 0;
  uint64_t protected_bytes = 0;
  double protected_share = 0;
  std::optional<uint64_t> eviction_age_ms;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t follows = 0;
  uint64_t fills = 0;
  uint64_t stored = 0;
  uint64_t abandoned = 0;
  uint64_t uncacheable = 0;
  uint64_t evictions = 0;
  uint64_t evicted_bytes = 0;
  uint64_t evicted_unused = 0;
  uint64_t returned = 0;
  uint64_t purged = 0;
  uint64_t no_room = 0;
  uint64_t busy = 0;
  uint64_t recoveries = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("arena_bytes", self.arena_bytes);
    visit("arena_bytes_max", self.arena_bytes_max);
    visit("reserved_bytes", self.reserved_bytes);
    visit("resizing", self.resizing);
    visit("used_bytes", self.used_bytes);
    visit("content_bytes", self.content_bytes);
    visit("objects", self.objects);
    visit("filling", self.filling);
    visit("limbo", self.limbo);
    visit("pinned", self.pinned);
    visit("markers", self.markers);
    visit("purges_pending", self.purges_pending);
    visit("protected_bytes", self.protected_bytes);
    visit("protected_share", self.protected_share);
    visit("eviction_age_ms", self.eviction_age_ms);
    visit("hits", self.hits);
    visit("misses", self.misses);
    visit("follows", self.follows);
    visit("fills", self.fills);
    visit("stored", self.stored);
    visit("abandoned", self.abandoned);
    visit("uncacheable", self.uncacheable);
    visit("evictions", self.evictions);
    visit("evicted_bytes", self.evicted_bytes);
    visit("evicted_unused", self.evicted_unused);
    visit("returned", self.returned);
    visit("purged", self.purged);
    visit("no_room", self.no_room);
    visit("busy", self.busy);
    visit("recoveries", self.recoveries);
  }
};

struct VerifyReport {
  uint64_t objects = 0;               // looked at
  std::vector<std::string> breaches;  // none: all is well
  std::string segment;                // what became of it: kept, replaced, off

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("objects", self.objects);
    visit("breaches", self.breaches);
    visit("segment", self.segment);
  }
};

}  // namespace ringwall::control
