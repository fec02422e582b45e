#include "cache/recovery.h"

#include <errno.h>

#include "cache/arena.h"
#include "cache/index.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

constexpr uint32_t slice_buckets = 256;

// Takes and releases each lock: what a dead owner left half done is undone.
bool settle_locks(Process& process) {
  const Superblock& super = process.super();
  if (!Section(process.base(), process.purges().lock)) return false;
  for (uint32_t i = 0; i < super.arena_count; ++i) {
    if (!Section(process.base(), process.arena(i).lock)) return false;
  }
  for (uint32_t i = 0; i < super.shard_count; ++i) {
    Section section(process.base(), process.shard(i).lock);
    if (!section) return false;
    refresh_tail(process, process.shard(i), i);
  }
  return true;
}

bool abandon_ticket(Process& process, Ticket& ticket) {
  if (!free_run(process, ticket.raw)) return false;
  const Ref ref = ticket.entry.load();
  if (ref != 0) {
    if (!settle_reclaim(process, process.own())) return false;
    Entry& entry = process.entry(ref);
    Shard& shard = process.shard_of(entry);
    Section section(process.base(), shard.lock);
    if (!section) return false;
    section.set(ticket.entry, 0);
    remove(process, section, shard, entry, State::abandoned);
  }
  for (auto& waiting : ticket.waiting) waiting.store(0);
  return settle_reclaim(process, process.own());
}

void sweep_chain(Process& process, uint32_t bucket, unsigned word, uint64_t keep) {
  for (Ref ref = process.bucket(bucket); ref != 0; ref = process.entry(ref).chain) {
    auto& pins = process.entry(ref).pins[word];
    if ((pins.load(std::memory_order_relaxed) & ~keep) != 0) pins.fetch_and(keep);
  }
}

// Clears the slot's bit everywhere. Limbo comes after the chains: what moves there meanwhile is met
// in one or the other.
bool sweep_pins(Process& process, unsigned slot) {
  const unsigned word = slot / 64;
  const uint64_t keep = ~(uint64_t{1} << (slot % 64));
  for (uint32_t i = 0; i < process.super().shard_count; ++i) {
    Shard& shard = process.shard(i);
    const uint32_t first = i * process.buckets_per_shard();
    const uint32_t end = first + process.buckets_per_shard();
    for (uint32_t from = first; from < end; from += slice_buckets) {
      Section section(process.base(), shard.lock);
      if (!section) return false;
      for (uint32_t b = from; b < end && b < from + slice_buckets; ++b) {
        sweep_chain(process, b, word, keep);
      }
    }
    {
      Section section(process.base(), shard.lock);
      if (!section) return false;
      for (Ref ref = shard.limbo.node.next; ref != process.ref(&shard.limbo);) {
        Entry& entry = process.entry(ref);
        entry.pins[word].fetch_and(keep);
        ref = entry.node.next;
      }
    }
    if (!reap(process, shard)) return false;
  }
  return true;
}

enum class Recovered : uint8_t { yes, not_yet, in_use };

Recovered recover_unless_alive(Process& process, unsigned index) {
  Slot& slot = process.slot(index);
  const int result = pthread_mutex_trylock(&slot.life);
  if (result == EOWNERDEAD) pthread_mutex_consistent(&slot.life);
  // It lives, or another recovers it.
  if (result != 0 && result != EOWNERDEAD) return Recovered::in_use;
  const bool done = slot.dirty.load() == 0 || recover_held_slot(process, index);
  pthread_mutex_unlock(&slot.life);
  return done ? Recovered::yes : Recovered::not_yet;
}

}  // namespace

bool recover_held_slot(Process& process, unsigned index) {
  Slot& slot = process.slot(index);
  if (!settle_locks(process)) return false;
  if (index < slots_max) {
    process.super().alive[index / 64].fetch_and(~(uint64_t{1} << (index % 64)));
  }
  kill_point();
  if (!settle_reclaim(process, slot)) return false;
  if (!settle_reclaim(process, process.own())) return false;
  if (index < slots_max) {
    for (unsigned i = 0; i < tickets_max; ++i) {
      Ticket& ticket = process.ticket(index, i);
      if (!abandon_ticket(process, ticket)) return false;
    }
    process.ring_all();
    kill_point();
    if (!sweep_pins(process, index)) return false;
  }
  slot.pinned.store(0);
  kill_point();
  slot.dirty.store(0);
  process.count(Count::recoveries);
  return true;
}

bool recover_observers(Process& process) {
  bool all = true;
  for (unsigned i = slots_max; i < slots_max + observers_max; ++i) {
    if (i == process.slot_index() || process.slot(i).dirty.load() == 0) continue;
    all &= recover_unless_alive(process, i) != Recovered::not_yet;
  }
  return all;
}

bool Store::recover(unsigned index) {
  if (index >= slots_max + observers_max) return false;
  if (process_->condemned()) return true;
  RW_ASSERT(index != process_->slot_index());
  const bool observers = recover_observers(*process_);
  return recover_unless_alive(*process_, index) == Recovered::yes && observers;
}

}  // namespace ringwall::cache
