#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {

Usage Store::usage() const {
  const Process& process = *process_;
  const Superblock& super = process.super();
  Usage usage;
  usage.arena_bytes = process.arena_bytes();
  usage.arena_bytes_max = super.page_count * page_bytes;
  uint64_t pages = 0;
  uint64_t free_units = 0;
  for (uint32_t i = 0; i < super.arena_count; ++i) {
    pages += process.arena(i).pages.load(std::memory_order_relaxed);
    free_units += process.arena(i).free_units.load(std::memory_order_relaxed);
  }
  usage.reserved_bytes = pages * page_bytes;
  const uint32_t target = super.target_pages.load();
  if (super.active_pages.load() > target) {
    usage.resizing = Usage::Resizing::shrinking;
  } else if (super.open_pages.load() < target) {
    usage.resizing = Usage::Resizing::growing;
  }
  usage.used_bytes = (pages * units_per_page - free_units) * unit_bytes;
  const auto read = [](const auto& field) { return __atomic_load_n(&field, __ATOMIC_RELAXED); };
  for (uint32_t i = 0; i < super.shard_count; ++i) {
    const Shard& shard = process.shard(i);
    usage.content_bytes += read(shard.content_bytes);
    usage.objects += read(shard.objects);
    usage.filling += read(shard.filling);
    usage.markers += read(shard.markers);
    usage.limbo += read(shard.limbo.count);
  }
  usage.purges_pending = process.purges().pending.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < slots_max; ++i) {
    if ((super.alive[i / 64].load() >> (i % 64) & 1) == 0) continue;
    usage.pinned += process.slot(i).pinned.load(std::memory_order_relaxed);
  }
  return usage;
}

Counters Store::counters() const {
  Counters sums;
  // In the order of Count.
  uint64_t* const members[] = {
      &sums.hits,      &sums.misses,      &sums.follows,   &sums.fills,         &sums.stored,
      &sums.abandoned, &sums.uncacheable, &sums.evictions, &sums.evicted_bytes, &sums.purged,
      &sums.no_room,   &sums.busy,        &sums.recoveries};
  static_assert(std::size(members) == static_cast<size_t>(Count::recoveries) + 1);
  static_assert(std::size(members) <= counters_max);
  for (unsigned slot = 0; slot < slots_max + observers_max; ++slot) {
    for (size_t i = 0; i < std::size(members); ++i) {
      *members[i] += process_->slot(slot).counters[i].load(std::memory_order_relaxed);
    }
  }
  return sums;
}

}  // namespace ringwall::cache
