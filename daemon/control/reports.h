// What the methods give: plain structs, each with the one description from which both sides get
// its JSON (control/encoding.h). Absent members keep their defaults, so that a client understands
// older and newer daemons. Wall-clock times are seconds since 1970; other times carry their unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"

namespace ringwall::control {

struct WorkerReport {
  unsigned slot = 0;
  int64_t pid = -1;   // -1: none lives
  std::string state;  // starting, ready, draining, waiting (to be started again)
  uint64_t generation = 0;
  int64_t started_at = 0;
  uint64_t connections = 0;
  uint64_t exchanges = 0;
  uint64_t requests = 0;
  uint64_t deaths = 0;     // that nobody asked for
  uint64_t silent_ms = 0;  // since its last sign of life

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("slot", self.slot);
    visit("pid", self.pid);
    visit("state", self.state);
    visit("generation", self.generation);
    visit("started_at", self.started_at);
    visit("connections", self.connections);
    visit("exchanges", self.exchanges);
    visit("requests", self.requests);
    visit("deaths", self.deaths);
    visit("silent_ms", self.silent_ms);
  }
};

struct WorkerListReport {
  std::vector<WorkerReport> workers;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("workers", self.workers);
  }
};

struct ListenerReport {
  std::string name;
  std::string address;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("address", self.address);
  }
};

struct StatusReport {
  std::string version;
  int64_t pid = -1;         // of the master
  std::string state;        // starting, serving, stopping
  std::string config;       // path
  uint64_t generation = 0;  // of the config in force
  int64_t now = 0;
  int64_t started_at = 0;
  uint64_t connections = 0;
  uint64_t exchanges = 0;
  uint64_t requests = 0;
  uint64_t backends = 0;
  uint64_t backends_ready = 0;
  uint64_t cache_bytes = 0;  // of the arena; 0: no cache
  uint64_t cache_reserved_bytes = 0;  // memory it has; another number while its size changes
  uint64_t cache_used_bytes = 0;
  std::vector<ListenerReport> listeners;
  std::vector<WorkerReport> workers;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("version", self.version);
    visit("pid", self.pid);
    visit("state", self.state);
    visit("config", self.config);
    visit("generation", self.generation);
    visit("now", self.now);
    visit("started_at", self.started_at);
    visit("connections", self.connections);
    visit("exchanges", self.exchanges);
    visit("requests", self.requests);
    visit("backends", self.backends);
    visit("backends_ready", self.backends_ready);
    visit("cache_bytes", self.cache_bytes);
    visit("cache_reserved_bytes", self.cache_reserved_bytes);
    visit("cache_used_bytes", self.cache_used_bytes);
    visit("listeners", self.listeners);
    visit("workers", self.workers);
  }
};

struct CounterReport {
  std::string name;    // of the metric
  std::string labels;  // `method="get"`; may be empty
  std::string kind;    // counter, gauge
  uint64_t value = 0;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("labels", self.labels);
    visit("kind", self.kind);
    visit("value", self.value);
  }
};

struct StatsReport {
  int64_t now = 0;
  int64_t started_at = 0;
  std::vector<CounterReport> counters;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("now", self.now);
    visit("started_at", self.started_at);
    visit("counters", self.counters);
  }
};

struct MetricsReport {
  std::string media_type;
  std::string text;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("media_type", self.media_type);
    visit("text", self.text);
  }
};

/// What one child said to a reload.
struct ChildAnswer {
  std::string child;  // "worker 3"
  int64_t pid = -1;
  std::string text;  // "committed", or why not

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("child", self.child);
    visit("pid", self.pid);
    visit("text", self.text);
  }
};

/// The result of a reload that is in force; `data` of the error of one that is not.
struct ReloadReport {
  std::string result;               // done, partly, refused
  uint64_t generation = 0;          // of the config in force now
  std::string reason;               // of a refusal
  std::vector<std::string> errors;  // of the config, a line each
  std::vector<std::string> warnings;
  std::vector<std::string> needs_restart;  // keys that changed but stay as they were
  std::vector<std::string> listeners_added;
  std::vector<std::string> listeners_removed;
  std::vector<ChildAnswer> answers;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("result", self.result);
    visit("generation", self.generation);
    visit("reason", self.reason);
    visit("errors", self.errors);
    visit("warnings", self.warnings);
    visit("needs_restart", self.needs_restart);
    visit("listeners_added", self.listeners_added);
    visit("listeners_removed", self.listeners_removed);
    visit("answers", self.answers);
  }
};

struct UpgradeReport {
  int64_t pid = -1;  // of the new master

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("pid", self.pid);
  }
};

struct ReopenReport {
  std::vector<std::string> files;

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("files", self.files);
  }
};

struct StopReport {
  std::string mode;  // graceful, fast

  template <class Self, class Visit>
  static void members(Self& self, Visit&& visit) {
    visit("mode", self.mode);
  }
};

}  // namespace ringwall::control
