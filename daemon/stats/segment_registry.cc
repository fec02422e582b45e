// The registry of backends and the operator's overrides: the part of the segment that the master
// alone writes. Names are read through a version that is odd while they change.
#include <algorithm>

#include "daemon/stats/places.h"
#include "daemon/stats/segment.h"

namespace ringwall::stats {
namespace {

// An override in one word, so that workers read it with one load: 8 bits of Override, 56 bits of
// its end in monotonic microseconds (2283 years), all ones for never.
constexpr uint64_t until_never = (uint64_t{1} << 56) - 1;

uint64_t pack(OverrideState state) {
  if (state.state == Override::none) return 0;
  uint64_t until = until_never;
  if (!state.until.is_never()) {
    until = std::min(static_cast<uint64_t>(std::max<int64_t>(state.until.ns, 0)) / 1000,
                     until_never - 1);
  }
  return static_cast<uint64_t>(state.state) << 56 | until;
}

OverrideState unpack(uint64_t word) {
  OverrideState state;
  state.state = static_cast<Override>(word >> 56);
  uint64_t until = word & until_never;
  if (state.state != Override::none && until != until_never) {
    state.until = {static_cast<int64_t>(until * 1000)};
  }
  return state;
}

}  // namespace

std::optional<BackendPlace> Segment::read_place(uint32_t index) const {
  const Place& place = layout_->places[index];
  return places::read_place(place, [&] {
    return BackendPlace{index, places::read_name(place.upstream), places::read_name(place.backend)};
  });
}

std::vector<BackendPlace> Segment::backends() const {
  std::vector<BackendPlace> all;
  uint32_t end = layout_->header.places_end.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < end; ++i) {
    if (auto place = read_place(i)) all.push_back(std::move(*place));
  }
  return all;
}

std::optional<uint32_t> Segment::find_backend(std::string_view upstream,
                                              std::string_view backend) const {
  uint32_t end = layout_->header.places_end.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < end; ++i) {
    auto place = read_place(i);
    if (place && place->upstream == upstream && place->backend == backend) return i;
  }
  return std::nullopt;
}

base::Result<uint32_t> Segment::assign(std::string_view upstream, std::string_view backend) {
  if (auto found = find_backend(upstream, backend)) return *found;
  if (upstream.size() > upstream_name_bytes_max || backend.size() > backend_name_bytes_max) {
    return base::fail("the name of backend " + std::string(upstream) + "/" + std::string(backend) +
                      " is too long");
  }
  Header& header = layout_->header;
  uint32_t end = header.places_end.load(std::memory_order_relaxed);
  auto chosen = places::choose_place(layout_->places, end);
  if (!chosen) {
    return base::fail("more than " + std::to_string(base::backends_max) +
                      " backends in the running and the new config together");
  }
  Place& place = layout_->places[*chosen];
  places::take_place(place, [&] {
    clear_backend(*chosen);
    place.override_word.store(0, std::memory_order_relaxed);
    places::write_name(place.upstream, upstream);
    places::write_name(place.backend, backend);
  });
  if (*chosen == end) header.places_end.store(end + 1, std::memory_order_release);
  return *chosen;
}

/// Empties the numbers that a former backend of this place left. Nobody names that one any more,
/// so no worker writes here now.
void Segment::clear_backend(uint32_t index) {
  if (index >= layout_->header.places_end.load(std::memory_order_relaxed)) return;
  for (Cell& cell : layout_->ended.backends[index].cells) cell.set(0);
  for (unsigned i = 0; i < base::slots_max; ++i) {
    if (!slot_used(i)) continue;
    for (Cell& cell : layout_->slots[i].block.backends[index].cells) cell.set(0);
  }
}

void Segment::keep_only(std::span<const uint32_t> named) {
  uint32_t end = layout_->header.places_end.load(std::memory_order_relaxed);
  places::keep_only(layout_->places, end, layout_->header.places_freed, named);
  for (uint32_t i = 0; i < end; ++i) {
    Place& place = layout_->places[i];
    if (place.used.load(std::memory_order_relaxed) != 0) continue;
    place.override_word.store(0, std::memory_order_relaxed);
  }
}

void Segment::set_override(uint32_t index, OverrideState state) {
  RW_ASSERT(index < base::backends_max);
  layout_->places[index].override_word.store(pack(state), std::memory_order_release);
}

OverrideState Segment::override_state(uint32_t index) const {
  RW_ASSERT(index < base::backends_max);
  return unpack(layout_->places[index].override_word.load(std::memory_order_acquire));
}

Override Segment::override_of(uint32_t index, base::Instant now) const {
  OverrideState state = override_state(index);
  return now < state.until ? state.state : Override::none;
}

}  // namespace ringwall::stats
