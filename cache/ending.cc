#include <algorithm>

#include "cache/arena.h"
#include "cache/fill.h"
#include "cache/index.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

// What the fill replaces: the entry of the same key behind it in the chain, and an old marker.
void remove_replaced(Process& process, Section& section, Shard& shard, const Entry& entry) {
  for (Ref ref = entry.chain; ref != 0;) {
    ref = find_in_chain(process, ref, entry.hash, key_of(entry));
    if (ref == 0) return;
    Entry& old = process.entry(ref);
    ref = old.chain;
    const State state = old.state.load(std::memory_order_relaxed);
    if (is_fill(state)) continue;
    remove(process, section, shard, old, state == State::marker ? State::unmarked : State::removed);
  }
}

void make_live(Process& process, Section& section, Shard& shard, Entry& entry) {
  remove_replaced(process, section, shard, entry);
  section.set(shard.filling, shard.filling - 1);
  section.set(shard.objects, shard.objects + 1);
  section.set(shard.content_bytes,
              shard.content_bytes + entry.head_length + entry.content_length.load());
  link_list(process, section, shard, entry, ListName::probation);
  section.set(entry.state, State::live);
}

void make_marker(Process& process, Section& section, Shard& shard, Entry& entry,
                 const FillState& fill) {
  remove_replaced(process, section, shard, entry);
  const auto elapsed_s = static_cast<int64_t>(
      (static_cast<uint64_t>(base::monotonic_now().ns) - fill.begun_ns) / 1'000'000'000);
  section.set(entry.marked_until, fill.begun_s + elapsed_s + fill.remember_s);
  section.set(shard.filling, shard.filling - 1);
  section.set(shard.markers, shard.markers + 1);
  link_list(process, section, shard, entry, ListName::probation);
  section.set(entry.state, State::marker);
}

void count_ending(Process& process, const FillState& fill, bool stored) {
  if (fill.owed == Ending::finish && stored) process.count(Count::stored);
  if (fill.owed == Ending::abandon) process.count(Count::abandoned);
  if (fill.owed == Ending::uncacheable) process.count(Count::uncacheable);
}

// The section that ends the fill; false: a lock was busy.
bool run_ending(Process& process, unsigned index) {
  FillState& fill = process.fills[index];
  Ticket& ticket = process.own_ticket(index);
  Entry& entry = process.entry(ticket.entry.load());
  settle_reclaim(process, process.own());
  if (!free_run(process, ticket.raw)) return false;
  Shard& shard = process.shard_of(entry);
  const uint32_t shard_index = process.shard_index(entry.hash);
  {
    Section section(process.base(), shard.lock);
    if (!section) return false;
    const bool hidden = entry.hidden.load() != 0;
    section.set(ticket.entry, 0);
    if (fill.drop_pin) unpin_in_section(process, entry);
    fill.drop_pin = false;
    if (fill.owed == Ending::abandon) {
      remove(process, section, shard, entry, State::abandoned);
    } else if (fill.owed == Ending::finish) {
      if (hidden) {
        remove(process, section, shard, entry, State::removed);
      } else {
        make_live(process, section, shard, entry);
      }
    } else if (hidden || fill.remember_s == 0) {
      remove(process, section, shard, entry, State::unmarked);
    } else {
      make_marker(process, section, shard, entry, fill);
    }
    refresh_tail(process, shard, shard_index);
    count_ending(process, fill, !hidden);
  }
  process.ring_followers(ticket);
  settle_reclaim(process, process.own());
  fill.owed = Ending::none;
  return true;
}

void free_ticket(Process& process, unsigned index) {
  process.free_tickets.push_back(static_cast<uint16_t>(index));
}

}  // namespace

void end_fill(Process& process, unsigned index, Ending ending, uint32_t remember_s) {
  FillState& fill = process.fills[index];
  RW_ASSERT(!fill.ended);
  Entry& entry = process.entry(process.own_ticket(index).entry.load());
  fill.ended = true;
  fill.owed = ending;
  fill.remember_s = remember_s;
  // Fixed from here on, as the entry enters a list.
  entry.charged_units = fill.charged_units;
  entry.stamp = process.exact_stamp();
  kill_point();
  if (!run_ending(process, index)) process.owed.push_back(static_cast<uint16_t>(index));
}

void release_fill(Process& process, unsigned index, Entry& entry) {
  FillState& fill = process.fills[index];
  fill.held = false;
  if (!fill.ended) {
    fill.drop_pin = true;
    end_fill(process, index, Ending::abandon);
  } else if (fill.owed != Ending::none) {
    fill.drop_pin = true;
  } else {
    unpin(process, entry);
  }
  if (fill.owed == Ending::none) free_ticket(process, index);
}

void settle_owed(Process& process) {
  if (process.own().reclaim.load(std::memory_order_relaxed) != 0) {
    settle_reclaim(process, process.own());
  }
  if (process.owed.empty()) return;
  std::erase_if(process.owed, [&](uint16_t index) {
    if (!run_ending(process, index)) return false;
    if (!process.fills[index].held) free_ticket(process, index);
    return true;
  });
}

}  // namespace ringwall::cache
