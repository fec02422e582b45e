#include <algorithm>

#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

// In the order of Count; those of `evicted_idle` come behind them.
constexpr uint64_t Counters::*const members[] = {
    &Counters::hits,          &Counters::misses,         &Counters::follows,
    &Counters::fills,         &Counters::stored,         &Counters::abandoned,
    &Counters::uncacheable,   &Counters::evictions,      &Counters::evicted_bytes,
    &Counters::purged,        &Counters::no_room,        &Counters::busy,
    &Counters::recoveries,    &Counters::returned,       &Counters::evicted_unused,
    &Counters::evicted_idle_ms, &Counters::evicted_stored_s};
constexpr size_t single = static_cast<size_t>(Count::evicted_idle);
static_assert(std::size(members) == single);

uint64_t& member(Counters& sums, size_t i) {
  return i < single ? sums.*members[i] : sums.evicted_idle[i - single];
}

}  // namespace

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
  uint64_t oldest = no_tail;
  uint64_t shares = 0;
  for (uint32_t i = 0; i < super.shard_count; ++i) {
    const Shard& shard = process.shard(i);
    oldest = std::min(oldest, process.tail(i).load(std::memory_order_relaxed));
    shares += read(shard.boundary.share);
    usage.protected_bytes += read(shard.protected_.units) * unit_bytes;
    usage.content_bytes += read(shard.content_bytes);
    usage.objects += read(shard.objects);
    usage.filling += read(shard.filling);
    usage.markers += read(shard.markers);
    usage.limbo += read(shard.limbo.count);
  }
  if (oldest != no_tail) {
    const auto now = static_cast<uint64_t>(base::monotonic_now().ns);
    usage.eviction_age_ms = now > oldest ? (now - oldest) / 1'000'000 : 0;
  }
  if (super.literal_lru == 0) {
    usage.protected_share =
        static_cast<double>(shares) / static_cast<double>(share_whole * super.shard_count);
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
  for (unsigned slot = 0; slot < slots_max + observers_max; ++slot) {
    for (size_t i = 0; i < counts; ++i) {
      member(sums, i) += process_->slot(slot).counters[i].load(std::memory_order_relaxed);
    }
  }
  return sums;
}

void Store::add_counters(Counters former) {
  for (size_t i = 0; i < counts; ++i) process_->count(static_cast<Count>(i), member(former, i));
}

}  // namespace ringwall::cache
