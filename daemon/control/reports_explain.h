// What cache.explain gives: what a request would meet in the cache, and why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

struct NamedValue {
  std::string name;
  std::string value;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

/// A response stored under the key, one that is being stored, or the key's uncacheable marker.
struct ExplainedEntry {
  std::string kind;                    // stored, fill, marker
  std::vector<std::string> selectors;  // "accept-encoding:gzip", a line each
  bool selected = false;               // it is what the request is answered from or waits for
  std::string why_not;                 // where it is not, a sentence
  unsigned status = 0;
  int64_t received_at = 0;
  uint32_t age_at_response_s = 0;
  uint32_t age_s = 0;
  uint32_t lifetime_s = 0;
  std::string lifetime_from;  // a word: s-maxage, max-age, expires, negative, default, heuristic, …
  int64_t remaining_s = 0;    // negative: stale for so long
  uint32_t stale_while_revalidate_s = 0;
  uint32_t stale_if_error_s = 0;
  std::vector<std::string> flags;
  std::string etag;
  std::string last_modified;
  uint64_t hits = 0;
  uint64_t bytes = 0;  // of a fill so far
  uint64_t idle_ms = 0;
  uint32_t origin_ms = 0;
  uint32_t tags = 0;
  bool purged_soft = false;
  bool used_again = false;   // in its shard's protected list
  int64_t held_off_s = 0;    // no refresh for so long, since one has failed
  int64_t marked_s = 0;      // of a marker, what is left of it
  std::string use;           // serve, serve and refresh, replace, alone; where it fits the request
  std::string rule;          // the word of the rule that says so
  bool usable_on_error = false;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("kind", self.kind);
    visit("selectors", self.selectors);
    visit("selected", self.selected);
    visit("why_not", self.why_not);
    visit("status", self.status);
    visit("received_at", self.received_at);
    visit("age_at_response_s", self.age_at_response_s);
    visit("age_s", self.age_s);
    visit("lifetime_s", self.lifetime_s);
    visit("lifetime_from", self.lifetime_from);
    visit("remaining_s", self.remaining_s);
    visit("stale_while_revalidate_s", self.stale_while_revalidate_s);
    visit("stale_if_error_s", self.stale_if_error_s);
    visit("flags", self.flags);
    visit("etag", self.etag);
    visit("last_modified", self.last_modified);
    visit("hits", self.hits);
    visit("bytes", self.bytes);
    visit("idle_ms", self.idle_ms);
    visit("origin_ms", self.origin_ms);
    visit("tags", self.tags);
    visit("purged_soft", self.purged_soft);
    visit("used_again", self.used_again);
    visit("held_off_s", self.held_off_s);
    visit("marked_s", self.marked_s);
    visit("use", self.use);
    visit("rule", self.rule);
    visit("usable_on_error", self.usable_on_error);
  }
};

struct ExplainReport {
  int64_t now = 0;
  std::string method;
  std::string url;
  std::string listener;
  std::string route;   // empty: none
  std::string action;  // of the route: proxy, respond, metrics
  std::vector<NamedValue> settings;
  std::string key;
  std::string plan;    // collapse, alone, pass
  std::string detail;  // why it does not collapse
  std::vector<ExplainedEntry> entries;
  // What would happen now: hit, hit and refresh, stale hit, stale hit and refresh, follow, validate,
  // fetch, fetch alone, pass, refuse, answer, no route.
  std::string outcome;
  std::string reason;    // the word of the rule
  std::string on_error;  // and if the origin failed: stale, error; empty: it is not asked

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("now", self.now);
    visit("method", self.method);
    visit("url", self.url);
    visit("listener", self.listener);
    visit("route", self.route);
    visit("action", self.action);
    visit("settings", self.settings);
    visit("key", self.key);
    visit("plan", self.plan);
    visit("detail", self.detail);
    visit("entries", self.entries);
    visit("outcome", self.outcome);
    visit("reason", self.reason);
    visit("on_error", self.on_error);
  }
};

}  // namespace ringwall::control
