// The registry of routes: as that of backends (segment_registry.cc), but a route that finds no
// place is counted with others instead of being refused: a config may have any number of them.
#include <unordered_map>

#include "daemon/stats/places.h"
#include "daemon/stats/segment.h"

namespace ringwall::stats {

std::vector<NamedRoute> Segment::routes() const {
  std::vector<NamedRoute> all;
  uint32_t end = layout_->header.routes_end.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < end; ++i) {
    const RoutePlace& place = layout_->routes[i];
    auto name = places::read_place(place, [&place] { return places::read_name(place.name); });
    if (name) all.push_back({i, std::move(*name)});
  }
  return all;
}

std::vector<uint32_t> Segment::find_routes(std::span<const std::string_view> names) const {
  std::vector<NamedRoute> known = routes();
  std::unordered_map<std::string_view, uint32_t> by_name;
  for (const NamedRoute& route : known) by_name.emplace(route.name, route.index);
  std::vector<uint32_t> found;
  found.reserve(names.size());
  for (std::string_view name : names) {
    auto at = by_name.find(name);
    found.push_back(at == by_name.end() ? other_routes : at->second);
  }
  return found;
}

std::vector<uint32_t> Segment::assign_routes(std::span<const std::string_view> names) {
  std::vector<uint32_t> places = find_routes(names);
  for (size_t i = 0; i < names.size(); ++i) {
    if (places[i] == other_routes) places[i] = assign_route(names[i]);
  }
  return places;
}

void Segment::name_other_routes() {
  RoutePlace& place = layout_->routes[other_routes];
  places::take_place(place, [&place] { places::write_name(place.name, other_routes_name); });
  layout_->header.routes_end.store(other_routes + 1, std::memory_order_release);
}

uint32_t Segment::assign_route(std::string_view name) {
  if (name == other_routes_name || name.size() > route_name_bytes_max) return other_routes;
  Header& header = layout_->header;
  uint32_t end = header.routes_end.load(std::memory_order_relaxed);
  auto chosen = places::choose_place(layout_->routes, end);
  if (!chosen) return other_routes;
  RoutePlace& place = layout_->routes[*chosen];
  places::take_place(place, [&] {
    clear_route(*chosen);
    places::write_name(place.name, name);
  });
  if (*chosen == end) header.routes_end.store(end + 1, std::memory_order_release);
  return *chosen;
}

/// As clear_backend().
void Segment::clear_route(uint32_t index) {
  if (index >= layout_->header.routes_end.load(std::memory_order_relaxed)) return;
  for (Cell& cell : layout_->ended.routes[index].cells) cell.set(0);
  for (unsigned i = 0; i < base::slots_max; ++i) {
    if (!slot_used(i)) continue;
    for (Cell& cell : layout_->slots[i].block.routes[index].cells) cell.set(0);
  }
}

void Segment::keep_only_routes(std::span<const uint32_t> named) {
  std::vector<uint32_t> kept(named.begin(), named.end());
  kept.push_back(other_routes);
  uint32_t end = layout_->header.routes_end.load(std::memory_order_relaxed);
  places::keep_only(layout_->routes, end, layout_->header.routes_freed, kept);
}

}  // namespace ringwall::stats
