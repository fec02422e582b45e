#include "cache/pin.h"

#include "cache/arena.h"
#include "cache/body.h"
#include "cache/index.h"
#include "cache/lru.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

void own_pins_changed(Process& process) {
  process.own().pinned.store(process.pins.size(), std::memory_order_relaxed);
}

void clear_bit(Process& process, Entry& entry) {
  kill_point();
  process.pin_word(entry).fetch_and(~process.pin_bit(), std::memory_order_seq_cst);
  kill_point();
}

bool can_reclaim(const Process& process, const Entry& entry) {
  return !is_pinned(process.super(), entry) && entry.sharers == 0 &&
         process.own().reclaim.load(std::memory_order_relaxed) == 0;
}

// In the shard's section, to this slot.
void take(Process& process, Section& section, Shard& shard, Entry& entry) {
  leave_body(process, section, shard, entry);
  section.set(process.own().reclaim, pack({process.ref(&entry), entry.own_units}));
}

void take_from_limbo(Process& process, Section& section, Shard& shard, Entry& entry) {
  unlink_list(process, section, shard, entry);
  take(process, section, shard, entry);
}

// The last unpin of an entry that was removed meanwhile.
void unpin_dead(Process& process, Shard& shard, Entry& entry) {
  {
    Section section(process.base(), shard.lock);
    // Without the lock the entry stays in limbo until somebody reaps the shard.
    clear_bit(process, entry);
    // Its death may have been seen in a section that was undone since.
    if (!section || entry.list != ListName::limbo || !can_reclaim(process, entry)) return;
    take_from_limbo(process, section, shard, entry);
  }
  settle_reclaim(process, process.own());
}

void uncount(Section& section, Shard& shard, const Entry& entry, State state) {
  if (is_fill(state)) section.set(shard.filling, shard.filling - 1);
  if (state == State::marker) section.set(shard.markers, shard.markers - 1);
  if (state != State::live) return;
  section.set(shard.objects, shard.objects - 1);
  section.set(shard.content_bytes,
              shard.content_bytes - entry.head_length - entry.content_length.load());
}

// All runs of a dead entry but its own.
bool free_extents(Process& process, Entry& entry) {
  if (!has(entry, shape::extended)) return true;
  Extension& extended = extension(entry);
  if (!free_run(process, extended.first)) return false;
  kill_point();
  while (const Run table = unpack(extended.table.load(std::memory_order_relaxed))) {
    Piece& piece = *process.at<Piece>(table.unit);
    for (uint32_t i = 0; i < piece.capacity; ++i) {
      if (!free_run(process, piece.cells()[i])) return false;
    }
    // The piece's successor takes its place in the step that frees it.
    if (!free_run(process, extended.table, piece.next.load(std::memory_order_relaxed))) {
      return false;
    }
    kill_point();
  }
  return true;
}

}  // namespace

void pin(Process& process, Entry& entry) {
  RW_ASSERT(!process.observer());
  if (!process.pins.add(process.ref(&entry))) return;
  process.pin_word(entry).fetch_or(process.pin_bit(), std::memory_order_relaxed);
  own_pins_changed(process);
  kill_point();
}

void unpin_in_section(Process& process, Entry& entry) {
  if (!process.pins.drop(process.ref(&entry))) return;
  clear_bit(process, entry);
  own_pins_changed(process);
}

void unpin(Process& process, Entry& entry) {
  if (!process.pins.drop(process.ref(&entry))) return;
  own_pins_changed(process);
  if (process.condemned()) return;
  Shard& shard = process.shard_of(entry);
  const uint64_t adds = shard.limbo_adds.load(std::memory_order_relaxed);
  if (is_dead(entry.state.load(std::memory_order_acquire))) {
    unpin_dead(process, shard, entry);
    return;
  }
  clear_bit(process, entry);
  // Removed between the look at its state and now: the remover saw our pin, or we see its `adds`.
  if (shard.limbo_adds.load(std::memory_order_seq_cst) != adds) reap(process, shard);
}

void remove(Process& process, Section& section, Shard& shard, Entry& entry, State end) {
  const State state = entry.state.load(std::memory_order_relaxed);
  RW_ASSERT(!is_dead(state));
  RW_ASSERT(is_dead(end));
  uncount(section, shard, entry, state);
  unlink_chain(process, section, entry);
  if (entry.list != ListName::none) unlink_list(process, section, shard, entry);
  section.set(entry.state, end);
  if (can_reclaim(process, entry)) {
    take(process, section, shard, entry);
    return;
  }
  link_list(process, section, shard, entry, ListName::limbo);
  shard.limbo_adds.fetch_add(1, std::memory_order_seq_cst);
  if (can_reclaim(process, entry)) take_from_limbo(process, section, shard, entry);
}

void take_out(Process& process, Section& section, Entry& entry) {
  Shard& shard = process.shard_of(entry);
  const State state = entry.state.load(std::memory_order_relaxed);
  remove(process, section, shard, entry, state == State::marker ? State::unmarked : State::removed);
  refresh_tail(process, shard, process.shard_index(entry.hash));
}

bool settle_reclaim(Process& process, Slot& slot) {
  // Twice at most: an entry, and the body it has inherited.
  while (const Run run = unpack(slot.reclaim.load(std::memory_order_relaxed))) {
    Entry& entry = process.entry(run.unit);
    if (!free_extents(process, entry)) return false;
    const uint64_t body =
        has(entry, shape::extended) ? extension(entry).body.load(std::memory_order_relaxed) : 0;
    if (!free_run(process, slot.reclaim, body)) return false;
  }
  return true;
}

bool reap(Process& process, Shard& shard) {
  for (;;) {
    if (!settle_reclaim(process, process.own())) return false;
    Section section(process.base(), shard.lock);
    if (!section) return false;
    Entry* found = nullptr;
    for (Ref ref = shard.limbo.node.next; ref != process.ref(&shard.limbo);) {
      Entry& entry = process.entry(ref);
      if (can_reclaim(process, entry)) {
        found = &entry;
        break;
      }
      ref = entry.node.next;
    }
    if (found == nullptr) return true;
    take_from_limbo(process, section, shard, *found);
  }
}

}  // namespace ringwall::cache
