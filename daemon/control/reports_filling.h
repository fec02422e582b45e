// What the methods give that fill the cache, or keep what fills it; see control/reports.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

struct SnapshotSaveReport {
  uint64_t responses = 0;
  uint64_t bytes = 0;       // of their heads and contents
  uint64_t file_bytes = 0;
  uint64_t gone = 0;        // left the cache before their turn
  double took_ms = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("responses", self.responses);
    visit("bytes", self.bytes);
    visit("file_bytes", self.file_bytes);
    visit("gone", self.gone);
    visit("took_ms", self.took_ms);
  }
};

/// The result of a load; when it is not all of the file, `data` of the error.
struct SnapshotLoadReport {
  uint64_t responses = 0;
  uint64_t bytes = 0;
  uint64_t present = 0;  // left as they were: the cache has younger ones, or knows better
  uint64_t no_room = 0;  // tried, and there was none
  bool full = false;     // the rest was not even tried
  std::string damage;    // what is wrong with the file; empty: nothing, as far as it was read
  uint64_t sound_bytes = 0;
  double took_ms = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("responses", self.responses);
    visit("bytes", self.bytes);
    visit("present", self.present);
    visit("no_room", self.no_room);
    visit("full", self.full);
    visit("damage", self.damage);
    visit("sound_bytes", self.sound_bytes);
    visit("took_ms", self.took_ms);
  }
};

struct WarmProblem {
  std::string url;
  std::string why;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("url", self.url);
    visit("why", self.why);
  }
};

/// The result of warming; when some failed, `data` of the error.
struct WarmReport {
  static constexpr size_t problems_max = 20;

  uint64_t stored = 0;       // fetched or confirmed by the origin just now
  uint64_t fresh = 0;        // was there already
  uint64_t uncacheable = 0;  // answered, but not to be stored
  uint64_t failed = 0;
  uint64_t no_route = 0;
  uint64_t wrong = 0;  // no URL
  uint64_t bytes = 0;  // of the contents
  std::vector<WarmProblem> problems;  // the first of those that came to nothing
  double took_ms = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("stored", self.stored);
    visit("fresh", self.fresh);
    visit("uncacheable", self.uncacheable);
    visit("failed", self.failed);
    visit("no_route", self.no_route);
    visit("wrong", self.wrong);
    visit("bytes", self.bytes);
    visit("problems", self.problems);
    visit("took_ms", self.took_ms);
  }
  void add_problem(std::string url, std::string why) {
    if (problems.size() < problems_max) problems.push_back({std::move(url), std::move(why)});
  }
};

}  // namespace ringwall::control
