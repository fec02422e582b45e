// The stats segment: every number of ringwall, in one sealed memfd made by the master and mapped by
// all its children. Each number has one writer, so nobody locks and nobody waits; readers see sums.
//
// The master assigns backends and routes their places in the registries, sets the operator's
// overrides, and empties a slot whose worker has ended: what it counted is folded into the numbers
// of ended workers, so that sums never go backwards. A worker claims its slot and writes through
// WorkerStats (stats/layout.h). The segment must outlive all references it gave. Not for several
// threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.h"
#include "daemon/base/result.h"
#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"
#include "daemon/stats/counters.h"
#include "daemon/stats/histogram.h"
#include "daemon/stats/layout.h"

namespace ringwall::stats {

/// What the operator wants of a backend, whatever the file and its health say.
enum class Override : uint8_t {
  none,   // as the file says
  drain,  // no new exchanges; those in flight go on
  down,   // as drain; set by a program that watches the backend, not by hand
};
std::string_view name_of(Override state);

struct OverrideState {
  Override state = Override::none;
  base::Instant until = base::Instant::never();
};

/// A backend in the registry.
struct BackendPlace {
  uint32_t index = 0;
  std::string upstream;
  std::string backend;
};

/// A route in the registry.
struct NamedRoute {
  uint32_t index = 0;
  std::string name;
};

/// A worker as its slot shows it.
struct WorkerView {
  unsigned slot = 0;
  uint64_t generation = 0;
  uint64_t pid = 0;
  int64_t started_wall_ns = 0;
  base::Instant heartbeat;
  bool draining = false;
  uint64_t connections = 0;
  uint64_t exchanges = 0;
  uint64_t requests = 0;
};

class Segment {
 public:
  /// Makes an empty segment, for the master.
  static base::Result<Segment> create();
  /// Maps the one behind `fd`, which stays the caller's. Refuses one of another layout.
  static base::Result<Segment> attach(int fd, bool writable);
  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  ~Segment();

  /// To hand to a child; -1 for an attached one.
  int fd() const { return fd_.get(); }
  int64_t created_wall_ns() const { return layout_->header.created_wall_ns; }

  // --- the worker ---
  /// Takes `slot` for the calling process. Requires: the slot is free.
  WorkerStats& claim(unsigned slot, uint64_t generation, base::Instant now);

  // --- the master ---
  /// The worker in `slot` has ended: folds what it counted and frees the slot. Idempotent. Take the
  /// panic report first.
  void retire(unsigned slot);
  /// What the worker in `slot` left to say when it crashed; empty if nothing.
  std::string panic_text(unsigned slot) const;
  /// For what the master counts itself. Requires: the row is a counter.
  void add(Counter counter, uint64_t n = 1) { layout_->ended[counter].add(n); }

  /// The place of a backend, a new one if it has none: never used ones first, then the one that has
  /// been free for longest. Fails when all are named.
  base::Result<uint32_t> assign(std::string_view upstream, std::string_view backend);
  /// Frees every place whose index is not in `named`. For when no generation names the others.
  void keep_only(std::span<const uint32_t> named);
  void set_override(uint32_t index, OverrideState state);

  /// The places of routes, as of backends; `other_routes` for those that find none.
  std::vector<uint32_t> assign_routes(std::span<const std::string_view> names);
  void keep_only_routes(std::span<const uint32_t> named);

  // --- everybody ---
  std::optional<uint32_t> find_backend(std::string_view upstream, std::string_view backend) const;
  std::vector<BackendPlace> backends() const;
  /// One load. Requires: index < backends_max.
  Override override_of(uint32_t index, base::Instant now) const;
  OverrideState override_state(uint32_t index) const;
  /// For WorkerStats::route, in the order of `names`; `other_routes` for those that have no place.
  std::vector<uint32_t> find_routes(std::span<const std::string_view> names) const;
  std::vector<NamedRoute> routes() const;

  bool slot_used(unsigned slot) const;
  const WorkerStats& slot(unsigned slot) const { return layout_->slots[slot]; }
  std::vector<WorkerView> workers() const;

  uint64_t sum(Counter counter) const;
  Totals totals() const;
  BackendTotals read_backend(uint32_t index) const;
  RouteTotals read_route(uint32_t index) const;
  HistogramTotals durations() const;

 private:
  Segment(Layout* layout, base::UniqueFd fd) : layout_(layout), fd_(std::move(fd)) {}
  static base::Result<Segment> map(int fd, bool writable);
  void fold(unsigned slot);
  void clear_backend(uint32_t index);
  void name_other_routes();
  uint32_t assign_route(std::string_view name);
  void clear_route(uint32_t index);
  std::optional<BackendPlace> read_place(uint32_t index) const;
  template <class Value, class Read>
  Value steady(Read read) const;

  Layout* layout_ = nullptr;
  base::UniqueFd fd_;
};

}  // namespace ringwall::stats
