// What lies in the stats segment. No pointers; every word has one writer, named here.
//
//   Header            master   identity, which slots are in use, the version around a fold
//   Place[1024]       master   registry of backends: index <-> (upstream, backend), and the
//                              operator's override
//   RoutePlace[4096]  master   registry of routes: index <-> name
//   Block             master   what ended workers counted, and what the master counts itself
//   WorkerStats[128]  each its worker; emptied by the master when that has ended
//
// Each part begins on a page of its own and the segment is sparse: what nobody touched costs
// nothing. Reading a hole through the mapping would fill it, so readers look at the masks first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/base/limits.h"
#include "daemon/base/time.h"
#include "daemon/stats/counters.h"
#include "daemon/stats/histogram.h"

namespace ringwall::stats {

/// Bump it when the meaning or place of anything here changes; the number of counters and the size
/// of the segment are compared beside it.
constexpr uint32_t layout_version = 2;
constexpr uint64_t segment_magic = 0x5354'4154'5357'5231;  // "1RWSTATS"
constexpr size_t page_bytes = 4096;
constexpr size_t panic_bytes = 2048;
constexpr size_t upstream_name_bytes_max = 128;
// The longest host name with a port, or a Unix socket path.
constexpr size_t backend_name_bytes_max = 264;
// Routes that are told apart. A config may have more: what finds no place, or has a longer name, is
// counted at the first place, which has a name that no route is given.
constexpr uint32_t routes_max = 4096;
constexpr size_t route_name_bytes_max = 480;
constexpr uint32_t other_routes = 0;
constexpr std::string_view other_routes_name = "(other)";

/// One worker's numbers of one thing.
template <class Id, size_t count>
struct alignas(64) Numbers {
  std::array<Cell, count> cells;

  Cell& operator[](Id id) { return cells[static_cast<size_t>(id)]; }
  const Cell& operator[](Id id) const { return cells[static_cast<size_t>(id)]; }
  void add(Id id, uint64_t n = 1) { (*this)[id].add(n); }
  void subtract(Id id, uint64_t n = 1) { (*this)[id].subtract(n); }
  void set(Id id, uint64_t value) { (*this)[id].set(value); }
};
struct BackendStats : Numbers<BackendCounter, backend_counter_count> {};
struct RouteStats : Numbers<RouteCounter, route_counter_count> {
  /// A proxied request that ended: `outcome` is one of the outcomes of route_counters.def.
  void count(RouteCounter outcome, uint64_t content_bytes) {
    add(outcome);
    add(content_of(outcome), content_bytes);
  }
};

/// Everything that is counted.
struct Block {
  alignas(64) std::array<Cell, counter_count> cells;
  alignas(64) Histogram durations;  // of exchanges, from the request's first byte to the last sent
  alignas(page_bytes) std::array<BackendStats, base::backends_max> backends;
  alignas(page_bytes) std::array<RouteStats, routes_max> routes;

  Cell& operator[](Counter counter) { return cells[static_cast<size_t>(counter)]; }
  const Cell& operator[](Counter counter) const { return cells[static_cast<size_t>(counter)]; }
};

/// A worker's own slot, and the face it writes through. Only the worker in the slot calls what is
/// not const.
struct alignas(page_bytes) WorkerStats {
  // identity, written when the worker claims the slot
  Cell generation;
  Cell pid;
  Cell started_wall_ns;
  Cell heartbeat_ns;  // monotonic
  Cell draining;      // 1: it accepts no more
  // the crash report
  std::atomic<uint32_t> panic_length;
  std::array<char, panic_bytes> panic_text;

  Block block;

  void add(Counter counter, uint64_t n = 1) { block[counter].add(n); }
  void subtract(Counter counter, uint64_t n = 1) { block[counter].subtract(n); }
  void set(Counter counter, uint64_t value) { block[counter].set(value); }
  void observe_duration(uint64_t us) { block.durations.observe(us); }
  /// Requires: index < backends_max.
  BackendStats& backend(uint32_t index) { return block.backends[index]; }
  /// Requires: an index that Segment::find_routes gave.
  RouteStats& route(uint32_t index) { return block.routes[index]; }
  void beat(base::Instant now) { heartbeat_ns.set(static_cast<uint64_t>(now.ns)); }

  /// For the signal handler: write into panic_page(), then publish. Both are async-signal-safe.
  std::span<char> panic_page() { return panic_text; }
  void publish_panic(size_t length) {
    panic_length.store(static_cast<uint32_t>(length), std::memory_order_release);
  }
};

/// One backend of the registry. `version` is odd while the master writes the names, 0 when the
/// place was never used.
struct alignas(512) Place {
  std::atomic<uint32_t> version;
  std::atomic<uint32_t> used;
  std::atomic<uint64_t> override_word;  // Override and its end, see segment_registry.cc
  std::atomic<uint64_t> freed_at;       // order of freeing; the longest free is taken first
  std::array<std::atomic<char>, upstream_name_bytes_max + 1> upstream;
  std::array<std::atomic<char>, backend_name_bytes_max + 1> backend;
};
static_assert(sizeof(Place) == 512);

/// One route of the registry.
struct alignas(512) RoutePlace {
  std::atomic<uint32_t> version;
  std::atomic<uint32_t> used;
  std::atomic<uint64_t> freed_at;
  std::array<std::atomic<char>, route_name_bytes_max + 1> name;
};
static_assert(sizeof(RoutePlace) == 512);

struct alignas(page_bytes) Header {
  uint64_t magic;
  uint32_t version;
  uint32_t counters;
  uint32_t backend_counters;
  uint32_t route_counters;
  uint64_t bytes;
  int64_t created_wall_ns;
  std::atomic<uint32_t> fold_version;  // odd while a slot is being folded
  std::array<std::atomic<uint64_t>, base::slots_max / 64> slots_used;
  std::atomic<uint64_t> places_freed;  // how often a place was freed
  std::atomic<uint32_t> places_end;    // places at and above it were never used
  std::atomic<uint64_t> routes_freed;  // the same of the routes'
  std::atomic<uint32_t> routes_end;
};

struct Layout {
  Header header;
  alignas(page_bytes) std::array<Place, base::backends_max> places;
  alignas(page_bytes) std::array<RoutePlace, routes_max> routes;
  alignas(page_bytes) Block ended;
  alignas(page_bytes) std::array<WorkerStats, base::slots_max> slots;
};
static_assert(base::slots_max % 64 == 0);
static_assert(sizeof(WorkerStats) % page_bytes == 0);

}  // namespace ringwall::stats
