// What cache.list and cache.top give: stored responses, a row each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

struct StoredReport {
  std::string url;                     // the cache key's first line
  std::vector<std::string> key_lines;  // its others: fields and cookies
  std::vector<std::string> selectors;  // "accept-encoding:gzip"
  unsigned status = 0;
  uint32_t age_s = 0;
  int64_t remaining_s = 0;  // of its lifetime; negative: stale for so long
  uint64_t bytes = 0;
  uint64_t hits = 0;
  uint64_t idle_ms = 0;         // since its last use
  uint32_t origin_ms = 0;       // what a fetch took
  uint64_t saved_ms = 0;        // hits times that
  uint32_t tags = 0;            // how many
  bool purged_soft = false;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("url", self.url);
    visit("key_lines", self.key_lines);
    visit("selectors", self.selectors);
    visit("status", self.status);
    visit("age_s", self.age_s);
    visit("remaining_s", self.remaining_s);
    visit("bytes", self.bytes);
    visit("hits", self.hits);
    visit("idle_ms", self.idle_ms);
    visit("origin_ms", self.origin_ms);
    visit("saved_ms", self.saved_ms);
    visit("tags", self.tags);
    visit("purged_soft", self.purged_soft);
  }
};

struct StoredListReport {
  std::vector<StoredReport> responses;
  uint64_t walked = 0;  // stored responses that were looked at
  bool more = false;    // some are left out, for the limit or the size of a message

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("responses", self.responses);
    visit("walked", self.walked);
    visit("more", self.more);
  }
};

}  // namespace ringwall::control
