#include "daemon/proxy/metrics.h"

#include <array>
#include <vector>

namespace ringwall::proxy {

std::string metrics_text(const stats::Segment& segment, const cache::Store* store) {
  using stats::Extra;
  using stats::Kind;
  if (store == nullptr) return stats::render_prometheus(segment, {});
  cache::Usage usage = store->usage();
  cache::Counters counters = store->counters();
  auto gauge = [](std::string_view name, std::string_view help, auto value) {
    return Extra{name, Kind::gauge, {}, help, static_cast<double>(value)};
  };
  auto counter = [](std::string_view name, std::string_view help, auto value) {
    return Extra{name, Kind::counter, {}, help, static_cast<double>(value)};
  };
  std::array extras = {
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
      gauge("ringwall_cache_purges_pending", "Purges in force whose sweep has not ended.",
            usage.purges_pending),
      gauge("ringwall_cache_protected_bytes", "Bytes in use by what is evicted last.",
            usage.protected_bytes),
      gauge("ringwall_cache_protected_share_ratio",
            "How much of the cache that may take, as learned from what came back.",
            usage.protected_share),
      gauge("ringwall_cache_eviction_age_seconds",
            "Time since the last use of what would be evicted next.",
            static_cast<double>(usage.eviction_age_ms.value_or(0)) / 1e3),
      counter("ringwall_cache_evictions_total", "Stored responses evicted for room.",
              counters.evictions),
      counter("ringwall_cache_evicted_bytes_total", "Their bytes.", counters.evicted_bytes),
      counter("ringwall_cache_evicted_unused_total", "Of them those that were never used.",
              counters.evicted_unused),
      counter("ringwall_cache_evicted_stored_seconds_total",
              "Time since they were stored or last validated, summed.", counters.evicted_stored_s),
      counter("ringwall_cache_returned_total",
              "Responses that were stored again soon after their eviction.", counters.returned),
      counter("ringwall_cache_purged_total", "Stored responses purged.", counters.purged),
      counter("ringwall_cache_recoveries_total", "Recoveries after a worker's death.",
              counters.recoveries)};
  const std::vector<double> bounds(cache::idle_bounds_s.begin(), cache::idle_bounds_s.end());
  const stats::ExtraHistogram idle{
      "ringwall_cache_evicted_idle_seconds", "Time since the last use of what was evicted.", bounds,
      counters.evicted_idle, static_cast<double>(counters.evicted_idle_ms) / 1e3};
  return stats::render_prometheus(segment, extras, {&idle, 1});
}

}  // namespace ringwall::proxy
