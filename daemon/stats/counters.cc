#include "daemon/stats/counters.h"

#include <algorithm>

namespace ringwall::stats {
namespace {

#define COUNTER(id, name, kind, labels, help) Row{#id, name, Kind::kind, labels, help},
constexpr Row table[] = {
#include "daemon/stats/counters.def"
};
constexpr Row backend_table[] = {
#include "daemon/stats/backend_counters.def"
};
constexpr Row route_table[] = {
#include "daemon/stats/route_counters.def"
};
#undef COUNTER

static_assert(std::size(table) == counter_count);
static_assert(std::size(backend_table) == backend_counter_count);
static_assert(std::size(route_table) == route_counter_count);

// The rows of ringwall_cache_reasons_total.
constexpr size_t reasons_begin = static_cast<size_t>(Counter::reason_uri_miss);
constexpr size_t reasons_last = static_cast<size_t>(Counter::reason_other);
static_assert(reasons_begin < reasons_last);
static_assert(table[reasons_begin].name == table[reasons_last].name);

/// Of `reason="word"`.
constexpr std::string_view word_in(std::string_view labels) {
  constexpr std::string_view before = "reason=\"";
  return labels.substr(before.size(), labels.size() - before.size() - 1);
}
static_assert(word_in(table[reasons_last].labels) == "other");

template <class Enum>
Enum by_class(Enum first, unsigned status) {
  unsigned status_class = std::clamp(status / 100, 1u, 5u);
  if (status >= 600) status_class = 5;
  return static_cast<Enum>(static_cast<unsigned>(first) + status_class - 1);
}

}  // namespace

std::span<const Row> rows() {
  return table;
}

std::span<const Row> backend_rows() {
  return backend_table;
}

std::span<const Row> route_rows() {
  return route_table;
}

const Row& row_of(Counter counter) {
  return table[static_cast<size_t>(counter)];
}

const Row& row_of(BackendCounter counter) {
  return backend_table[static_cast<size_t>(counter)];
}

const Row& row_of(RouteCounter counter) {
  return route_table[static_cast<size_t>(counter)];
}

Counter reason_of(std::string_view word) {
  for (size_t i = reasons_begin; i < reasons_last; ++i) {
    if (word_in(table[i].labels) == word) return static_cast<Counter>(i);
  }
  return Counter::reason_other;
}

std::string_view word_of_reason(Counter counter) {
  auto i = static_cast<size_t>(counter);
  return i < reasons_begin || i > reasons_last ? std::string_view() : word_in(table[i].labels);
}

Counter responses_of(unsigned status) {
  return by_class(Counter::responses_1xx, status < 100 ? 599 : status);
}

BackendCounter backend_responses_of(unsigned status) {
  return by_class(BackendCounter::responses_1xx, status < 100 ? 599 : status);
}

}  // namespace ringwall::stats
