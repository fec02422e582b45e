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
#undef COUNTER

static_assert(std::size(table) == counter_count);
static_assert(std::size(backend_table) == backend_counter_count);

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

const Row& row_of(Counter counter) {
  return table[static_cast<size_t>(counter)];
}

const Row& row_of(BackendCounter counter) {
  return backend_table[static_cast<size_t>(counter)];
}

Counter responses_of(unsigned status) {
  return by_class(Counter::responses_1xx, status < 100 ? 599 : status);
}

BackendCounter backend_responses_of(unsigned status) {
  return by_class(BackendCounter::responses_1xx, status < 100 ? 599 : status);
}

}  // namespace ringwall::stats
