// What Store::verify has found so far, and the map of which units have an owner. verify.cc walks
// entries and slots with it, verify_tables.cc the superblock, the arenas and the purges.
//
// Nothing that is read may be taken for granted: each reference is checked before it is followed,
// each walk is bounded by what there can be.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/process.h"

namespace ringwall::cache {

struct Findings {
  static constexpr size_t breaches_max = 100;

  explicit Findings(Process& process)
      : process(process),
        pages(process.super().page_count),
        owned(uint64_t{pages} * units_per_page / 64) {}

  template <class... Args>
  void breach(fmt::format_string<Args...> text, Args&&... args) {
    if (breaches.size() < breaches_max) {
      breaches.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void owner_breach(fmt::format_string<Args...> text, Args&&... args) {
    if (ownership.size() < breaches_max) {
      ownership.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }

  // Inside one page (which of them are in use changes at any time with the cache's size). Without
  // this no reference of a damaged segment may be followed.
  bool valid_run(Run run) const {
    if (run.units == 0 || run.units > units_per_page || run.unit < process.first_unit(0)) {
      return false;
    }
    const uint64_t from = run.unit - process.first_unit(0);
    return from / units_per_page == (from + run.units - 1) / units_per_page &&
           from + run.units <= owned.size() * 64;
  }

  /// The entry's fixed part and all that it says of its own run lie in there: it may be read.
  bool sound(Ref ref) const {
    if (!valid_run({ref, units_for(sizeof(Entry))})) return false;
    const Entry& entry = process.entry(ref);
    const uint64_t bytes = entry.own_units * unit_bytes;
    return valid_run({ref, entry.own_units}) && fixed_bytes(entry) <= bytes &&
           data_offset(entry) <= bytes;
  }

  bool own(Run run, const char* what) {
    // Each unit twice at most, or this ends in circles.
    if (units_walked > owned.size() * 128) return false;
    units_walked += run.units;
    if (!valid_run(run)) {
      owner_breach("{} names units {}+{}, which are no run", what, run.unit, run.units);
      return false;
    }
    uint32_t doubled = 0;
    const uint64_t from = run.unit - process.first_unit(0);
    for (uint64_t at = from; at < from + run.units; at = (at / 64 + 1) * 64) {
      const uint64_t bits = std::min(64 - at % 64, from + run.units - at);
      const uint64_t mask = ~uint64_t{0} >> (64 - bits) << (at % 64);
      doubled += static_cast<uint32_t>(std::popcount(owned[at / 64] & mask));
      owned[at / 64] |= mask;
    }
    if (doubled > 0)
      owner_breach("{} of {}+{} owns {} units that another owns", what, run.unit, run.units,
                   doubled);
    return true;
  }

  Process& process;
  uint32_t pages;               // of the largest size
  std::vector<uint64_t> owned;  // a bit per unit of them
  uint64_t units_walked = 0;
  std::vector<std::string> breaches;
  std::vector<std::string> ownership;  // breaches that count if nothing changed during the walk
  bool complete = true;                // no lock was held for too long
};

/// Holds `lock` for a check, waiting longer than those who serve; test it before use. A lock that a
/// living process holds for all that time leaves the findings incomplete, one that nobody holds and
/// that can not be had is a breach.
class Looking {
 public:
  template <class... Args>
  Looking(Findings& findings, Lock& lock, fmt::format_string<Args...> name, Args&&... args) {
    // Once is long enough for all.
    const unsigned tries_left = findings.complete ? tries_max : 1;
    for (unsigned tries = 0; tries < tries_left; ++tries) {
      section_.emplace(findings.process.base(), lock);
      if (*section_) return;
    }
    findings.complete = false;
    if (!held_by_nobody(lock)) return;
    const std::string text = fmt::format(name, std::forward<Args>(args)...);
    findings.breach("the lock of {} is held by nobody that lives", text);
  }
  explicit operator bool() const { return static_cast<bool>(*section_); }

 private:
  // 5 ms each: a process that was taken off its processor while it held the lock comes back.
  static constexpr unsigned tries_max = 200;
  std::optional<Section> section_;
};

/// Before all else: what the tables' sizes are said to be. False: no table may be touched.
bool check_super(Findings& findings);

/// Behind all that owns units.
void check_arenas(Findings& findings);
void check_purges(Findings& findings);
/// In the shard's section.
void check_learning(Findings& findings, uint32_t shard_index);

}  // namespace ringwall::cache
