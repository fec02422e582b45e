// What the methods about cache and backends give; see control/reports.h.
#pragma once

#include <cstdint>
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
  uint64_t objects = 0;
  uint64_t bytes = 0;
  std::vector<PurgedUrl> urls;  // only of a purge by URL

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("objects", self.objects);
    visit("bytes", self.bytes);
    visit("urls", self.urls);
  }
};

/// cache::Usage and cache::Counters, member for member.
struct CacheReport {
  uint64_t arena_bytes = 0;
  uint64_t used_bytes = 0;
  uint64_t content_bytes = 0;
  uint64_t objects = 0;
  uint64_t filling = 0;
  uint64_t limbo = 0;
  uint64_t pinned = 0;
  uint64_t markers = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t follows = 0;
  uint64_t fills = 0;
  uint64_t stored = 0;
  uint64_t abandoned = 0;
  uint64_t uncacheable = 0;
  uint64_t evictions = 0;
  uint64_t evicted_bytes = 0;
  uint64_t purged = 0;
  uint64_t no_room = 0;
  uint64_t busy = 0;
  uint64_t recoveries = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("arena_bytes", self.arena_bytes);
    visit("used_bytes", self.used_bytes);
    visit("content_bytes", self.content_bytes);
    visit("objects", self.objects);
    visit("filling", self.filling);
    visit("limbo", self.limbo);
    visit("pinned", self.pinned);
    visit("markers", self.markers);
    visit("hits", self.hits);
    visit("misses", self.misses);
    visit("follows", self.follows);
    visit("fills", self.fills);
    visit("stored", self.stored);
    visit("abandoned", self.abandoned);
    visit("uncacheable", self.uncacheable);
    visit("evictions", self.evictions);
    visit("evicted_bytes", self.evicted_bytes);
    visit("purged", self.purged);
    visit("no_room", self.no_room);
    visit("busy", self.busy);
    visit("recoveries", self.recoveries);
  }
};

struct VerifyReport {
  uint64_t objects = 0;               // looked at
  std::vector<std::string> breaches;  // none: all is well

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("objects", self.objects);
    visit("breaches", self.breaches);
  }
};

struct BackendReport {
  std::string upstream;
  std::string backend;
  std::string state;  // ready, ejected, drain, down, unresolved
  unsigned weight = 1;
  uint64_t active = 0;  // exchanges in flight
  uint64_t waiting = 0;
  uint64_t kept = 0;  // idle connections
  uint64_t requests = 0;
  uint64_t responses_5xx = 0;
  uint64_t failures = 0;
  uint64_t first_byte_us = 0;  // on average
  uint64_t ejected_workers = 0;
  uint64_t ejected_ms = 0;   // still to go
  uint64_t override_ms = 0;  // until the operator's override ends; 0: never, or there is none

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("upstream", self.upstream);
    visit("backend", self.backend);
    visit("state", self.state);
    visit("weight", self.weight);
    visit("active", self.active);
    visit("waiting", self.waiting);
    visit("kept", self.kept);
    visit("requests", self.requests);
    visit("responses_5xx", self.responses_5xx);
    visit("failures", self.failures);
    visit("first_byte_us", self.first_byte_us);
    visit("ejected_workers", self.ejected_workers);
    visit("ejected_ms", self.ejected_ms);
    visit("override_ms", self.override_ms);
  }
};

struct BackendListReport {
  std::vector<BackendReport> backends;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("backends", self.backends);
  }
};

/// The result of backend.drain and backend.ready; when a wait timed out, `data` of the error.
struct BackendChangeReport {
  std::string upstream;
  std::string backend;
  std::string before;  // state
  std::string after;
  bool changed = false;
  uint64_t active = 0;  // exchanges still in flight there

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("upstream", self.upstream);
    visit("backend", self.backend);
    visit("before", self.before);
    visit("after", self.after);
    visit("changed", self.changed);
    visit("active", self.active);
  }
};

}  // namespace ringwall::control
