#include "daemon/proxy/metrics.h"

#include <array>

namespace ringwall::proxy {

std::string metrics_text(const stats::Segment& segment, const cache::Store* store) {
  using stats::Extra;
  using stats::Kind;
  if (store == nullptr) return stats::render_prometheus(segment, {});
  cache::Usage usage = store->usage();
  cache::Counters counters = store->counters();
  auto gauge = [](std::string_view name, std::string_view help, uint64_t value) {
    return Extra{name, Kind::gauge, {}, help, static_cast<double>(value)};
  };
  auto counter = [](std::string_view name, std::string_view help, uint64_t value) {
    return Extra{name, Kind::counter, {}, help, static_cast<double>(value)};
  };
  std::array<Extra, 13> extras = {
      gauge("ringwall_cache_arena_bytes", "Size of the cache's arena.", usage.arena_bytes),
      gauge("ringwall_cache_reserved_bytes",
            "Memory of the arena; differs from its size while that changes.", usage.reserved_bytes),
      gauge("ringwall_cache_used_bytes", "Bytes in use, of stored responses and those in flight.",
            usage.used_bytes),
      gauge("ringwall_cache_content_bytes", "Bytes of stored heads and contents.",
            usage.content_bytes),
      gauge("ringwall_cache_objects", "Stored responses.", usage.objects),
      gauge("ringwall_cache_filling", "Responses that are being stored now.", usage.filling),
      gauge("ringwall_cache_pinned", "Stored responses that somebody is reading now.",
            usage.pinned),
      gauge("ringwall_cache_limbo", "Removed responses that somebody is still reading.",
            usage.limbo),
      gauge("ringwall_cache_markers", "Keys remembered as uncacheable.", usage.markers),
      counter("ringwall_cache_evictions_total", "Stored responses evicted for room.",
              counters.evictions),
      counter("ringwall_cache_evicted_bytes_total", "Their bytes.", counters.evicted_bytes),
      counter("ringwall_cache_purged_total", "Stored responses purged.", counters.purged),
      counter("ringwall_cache_recoveries_total", "Recoveries after a worker's death.",
              counters.recoveries)};
  return stats::render_prometheus(segment, extras);
}

}  // namespace ringwall::proxy
