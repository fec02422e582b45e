// What Store::verify has found so far, and the map of which units have an owner. verify.cc walks
// entries and slots with it, verify_tables.cc the arenas and the purges.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cache/process.h"

namespace ringwall::cache {

struct Findings {
  static constexpr size_t breaches_max = 100;

  explicit Findings(Process& process)
      : process(process),
        pages(std::max(process.super().active_pages.load(), process.super().target_pages.load())),
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

  // Inside one page that is in use. Without this no reference of a damaged segment may be followed.
  bool valid_run(Run run) const {
    if (run.units == 0 || run.units > units_per_page || run.unit < process.first_unit(0)) {
      return false;
    }
    const uint64_t from = run.unit - process.first_unit(0);
    return from / units_per_page == (from + run.units - 1) / units_per_page &&
           from + run.units <= owned.size() * 64;
  }

  bool own(Run run, const char* what) {
    if (!valid_run(run)) {
      owner_breach("{} names units {}+{}, which are no run", what, run.unit, run.units);
      return false;
    }
    uint32_t doubled = 0;
    for (uint32_t i = 0; i < run.units; ++i) {
      const uint64_t at = run.unit - process.first_unit(0) + i;
      doubled += owned[at / 64] >> (at % 64) & 1;
      owned[at / 64] |= uint64_t{1} << (at % 64);
    }
    if (doubled > 0)
      owner_breach("{} of {}+{} owns {} units that another owns", what, run.unit, run.units,
                   doubled);
    return true;
  }

  // Whether more pages came into use than were when the walk began.
  bool outgrown() const { return process.super().active_pages.load() > pages; }

  Process& process;
  uint32_t pages;               // none behind these is in use
  std::vector<uint64_t> owned;  // a bit per unit of them
  std::vector<std::string> breaches;
  std::vector<std::string> ownership;  // breaches that count if nothing changed during the walk
};

/// Behind all that owns units.
void check_arenas(Findings& findings);
void check_purges(Findings& findings);

}  // namespace ringwall::cache
