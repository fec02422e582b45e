// What the methods about backends give; see control/reports.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

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
