// Places: what the registries of backends and of routes in the segment have in common. A place is a
// name that the master alone writes and everybody reads: through a version that is odd while it
// changes, and 0 when the place was never used. A freed place is taken again as late as can be, so
// that a worker of an old generation does not count on the account of a new name.
//
// Private to daemon/stats.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/assert.h"

namespace ringwall::stats::places {

template <class Characters>
void write_name(Characters& to, std::string_view name) {
  RW_ASSERT(name.size() < to.size());
  for (size_t i = 0; i < name.size(); ++i) to[i].store(name[i], std::memory_order_relaxed);
  to[name.size()].store(0, std::memory_order_relaxed);
}

template <class Characters>
std::string read_name(const Characters& from) {
  std::string name;
  for (const auto& character : from) {
    char c = character.load(std::memory_order_relaxed);
    if (c == 0) break;
    name.push_back(c);
  }
  return name;
}

/// What `read` says of a place in use; nothing when it is free or just being named.
template <class Place, class Read>
auto read_place(const Place& place, Read read) -> std::optional<decltype(read())> {
  uint32_t before = place.version.load(std::memory_order_acquire);
  if (before % 2 != 0 || place.used.load(std::memory_order_relaxed) == 0) return std::nullopt;
  auto found = read();
  std::atomic_thread_fence(std::memory_order_acquire);
  if (place.version.load(std::memory_order_relaxed) != before) return std::nullopt;
  return found;
}

/// Gives a place to what `write` names it.
template <class Place, class Write>
void take_place(Place& place, Write write) {
  uint32_t version = place.version.load(std::memory_order_relaxed) & ~1u;
  place.version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  write();
  place.used.store(1, std::memory_order_relaxed);
  place.version.store(version + 2, std::memory_order_release);
}

/// The first that was never used, else the one that has been free for longest; nothing: all are in
/// use. Places from `end` on were never used.
template <class Places>
std::optional<uint32_t> choose_place(const Places& places, uint32_t end) {
  if (end < places.size()) return end;
  std::optional<uint32_t> chosen;
  for (uint32_t i = 0; i < end; ++i) {
    if (places[i].used.load(std::memory_order_relaxed) != 0) continue;
    if (!chosen || places[i].freed_at.load(std::memory_order_relaxed) <
                       places[*chosen].freed_at.load(std::memory_order_relaxed)) {
      chosen = i;
    }
  }
  return chosen;
}

/// Frees all places below `end` that are not in `named`. `freed` numbers them in order.
template <class Places>
void keep_only(Places& places, uint32_t end, std::atomic<uint64_t>& freed,
               std::span<const uint32_t> named) {
  std::vector<bool> keep(end, false);
  for (uint32_t index : named) {
    RW_ASSERT(index < end);
    keep[index] = true;
  }
  for (uint32_t i = 0; i < end; ++i) {
    auto& place = places[i];
    if (keep[i] || place.used.load(std::memory_order_relaxed) == 0) continue;
    uint64_t order = freed.load(std::memory_order_relaxed) + 1;
    freed.store(order, std::memory_order_relaxed);
    place.freed_at.store(order, std::memory_order_relaxed);
    place.used.store(0, std::memory_order_release);
  }
}

}  // namespace ringwall::stats::places
