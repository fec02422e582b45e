// The tables of all counters: one enumerator and one row each, from counters.def (a process),
// backend_counters.def (a backend as a process sees it) and route_counters.def (a route). Code,
// Prometheus text, `ringwallctl stats` and the manual speak of these rows and no others.
//
// A Cell is one number in shared memory with one writer; any process may read it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringwall::stats {

/// How the numbers of several workers become one.
enum class Kind : uint8_t {
  counter,  // the sum, those of ended workers included; never falls
  gauge,    // the sum over living workers
  maximum,  // the largest of living workers
};

struct Row {
  std::string_view id;    // the enumerator's name
  std::string_view name;  // of the metric; empty: not a metric
  Kind kind;
  std::string_view labels;  // `method="get"`, several by comma; may be empty
  std::string_view help;    // empty: that of the row above
};

#define COUNTER(id, name, kind, labels, help) id,
enum class Counter : uint16_t {
#include "daemon/stats/counters.def"
};
enum class BackendCounter : uint16_t {
#include "daemon/stats/backend_counters.def"
};
enum class RouteCounter : uint16_t {
#include "daemon/stats/route_counters.def"
};
#undef COUNTER

#define COUNTER(id, name, kind, labels, help) +1
constexpr size_t counter_count = 0
#include "daemon/stats/counters.def"
    ;
constexpr size_t backend_counter_count = 0
#include "daemon/stats/backend_counters.def"
    ;
constexpr size_t route_counter_count = 0
#include "daemon/stats/route_counters.def"
    ;
#undef COUNTER

/// The rows, in the order of the enumerators.
std::span<const Row> rows();
std::span<const Row> backend_rows();
std::span<const Row> route_rows();
const Row& row_of(Counter counter);
const Row& row_of(BackendCounter counter);
const Row& row_of(RouteCounter counter);

/// 100 … 599; anything else counts as 5xx.
Counter responses_of(unsigned status);
BackendCounter backend_responses_of(unsigned status);

/// The counter of a word that tells why the cache did not simply answer: Cache-Status' detail, or
/// the word of its fwd where there is no detail. Words that have none count as reason_other.
Counter reason_of(std::string_view word);
/// The word of such a counter; empty where it is none.
std::string_view word_of_reason(Counter counter);

/// Whose content an outcome's responses have.
constexpr RouteCounter content_of(RouteCounter outcome) {
  bool stored = outcome == RouteCounter::hit || outcome == RouteCounter::stale ||
                outcome == RouteCounter::revalidated;
  return stored ? RouteCounter::content_cache : RouteCounter::content_origin;
}

/// One number, one writer. A plain load and store instead of a locked addition: 1 ns, not 5.
class Cell {
 public:
  void add(uint64_t n) { set(get() + n); }
  /// For gauges.
  void subtract(uint64_t n) { set(get() - n); }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_;
};
static_assert(sizeof(Cell) == 8 && std::atomic<uint64_t>::is_always_lock_free);

/// Plain copies, as sums over workers.
struct Totals {
  std::array<uint64_t, counter_count> values{};
  uint64_t operator[](Counter counter) const { return values[static_cast<size_t>(counter)]; }
};
struct RouteTotals {
  std::array<uint64_t, route_counter_count> values{};
  uint64_t operator[](RouteCounter counter) const { return values[static_cast<size_t>(counter)]; }
};
struct BackendTotals {
  std::array<uint64_t, backend_counter_count> values{};
  uint64_t operator[](BackendCounter counter) const { return values[static_cast<size_t>(counter)]; }
};

}  // namespace ringwall::stats
