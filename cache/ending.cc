#include "cache/arena.h"
#include "cache/extents.h"
#include "cache/fill.h"
#include "cache/index.h"
#include "cache/learn.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/purges.h"
#include "cache/variants.h"

namespace ringwall::cache {
namespace {

// Sections that one end may take to remove what it replaces.
constexpr unsigned sections_max = 128;

// `again`: what it replaces was used more than once, and so will it be.
void make_live(Process& process, Section& section, Shard& shard, Entry& entry,
               const std::optional<Former>& former, bool again) {
  // Of the key's responses the one that was finished last stands first.
  const uint32_t bucket = process.bucket_of(entry.hash);
  if (process.bucket(bucket) != process.ref(&entry)) {
    unlink_chain(process, section, entry);
    link_chain(process, section, entry);
  }
  section.set(shard.filling, shard.filling - 1);
  section.set(shard.objects, shard.objects + 1);
  section.set(shard.content_bytes,
              shard.content_bytes + entry.head_length + entry.content_length.load());
  if (former) {
    entry.hits = former->hits;
    append_list(process, section, shard, entry, former->again);
  } else {
    link_list(process, section, shard, entry,
              again ? ListName::protected_ : admit(process, section, shard, entry));
  }
  section.set(entry.state, State::live);
  // Behind the state: who reads the link, then a state that is still a fill's, has read the fill's.
  section.set(entry.link, 0);
}

void make_marker(Process& process, Section& section, Shard& shard, Entry& entry,
                 const FillState& fill) {
  const auto elapsed_s = static_cast<int64_t>(
      (static_cast<uint64_t>(base::monotonic_now().ns) - fill.begun_ns) / 1'000'000'000);
  section.set(shard.filling, shard.filling - 1);
  section.set(shard.markers, shard.markers + 1);
  link_list(process, section, shard, entry, ListName::probation);
  section.set(entry.state, State::marker);
  section.set(entry.link, static_cast<uint32_t>(fill.begun_s + elapsed_s + fill.remember_s));
}

void count_ending(Process& process, const FillState& fill, bool stored) {
  if (fill.owed == Ending::finish && stored) process.count(Count::stored);
  if (fill.owed == Ending::abandon) process.count(Count::abandoned);
  if (fill.owed == Ending::uncacheable) process.count(Count::uncacheable);
}

// How the fill ends, in the section that says so. Whether more is to be replaced than one section
// removes.
bool end_in_section(Process& process, Section& section, Shard& shard, Entry& entry,
                    FillState& fill) {
  const uint32_t epoch = purge_epoch(process);
  if (entry.checked != epoch) catch_up(process, entry, epoch);
  const bool hidden = is_marked(entry, mark::hidden);
  if (fill.former && is_taken(process, entry, fill.variants_max, fill.begun_s)) {
    fill.owed = Ending::abandon;
    fill.storable = false;
  }
  const bool replaces = fill.owed != Ending::abandon && fill.replaces && !hidden;
  Replaced replaced;
  if (replaces) {
    replaced = remove_replaced(process, section, shard, entry,
                               fill.owed == Ending::finish ? fill.variants_max : 0);
  }
  const bool more = replaced.more;
  // While there is more to replace the entry must not go: its pin falls last.
  if (fill.drop_pin && !more) {
    unpin_in_section(process, entry);
    fill.drop_pin = false;
  }
  if (fill.owed == Ending::abandon) {
    remove(process, section, shard, entry, State::abandoned);
  } else if (fill.owed == Ending::finish) {
    if (hidden) {
      remove(process, section, shard, entry, State::removed);
    } else {
      make_live(process, section, shard, entry, fill.former, replaced.was_protected);
    }
  } else if (hidden || fill.remember_s == 0) {
    remove(process, section, shard, entry, State::unmarked);
  } else {
    make_marker(process, section, shard, entry, fill);
  }
  entry.checked = epoch;
  count_ending(process, fill, !hidden);
  return more;
}

// In a condemned segment nothing is linked or freed any more: only those who follow learn the end.
void end_condemned(Process& process, unsigned index) {
  FillState& fill = process.fills[index];
  Ticket& ticket = process.own_ticket(index);
  Entry& entry = process.entry(ticket.entry.exchange(0));
  const State end = fill.owed == Ending::finish    ? State::removed
                    : fill.owed == Ending::abandon ? State::abandoned
                                                   : State::unmarked;
  entry.state.store(end, std::memory_order_seq_cst);
  process.ring_followers(ticket);
  if (fill.drop_pin) unpin(process, entry);
  fill.drop_pin = false;
  fill.owed = Ending::none;
}

// What one section did not remove, and what it left in limbo because the slot takes one entry
// apart at a time. Best effort: what stays is shadowed by the younger response, and reaped later.
void remove_rest(Process& process, Entry& entry, const FillState& fill, bool more) {
  Shard& shard = process.shard_of(entry);
  const uint32_t shard_index = process.shard_index(entry.hash);
  for (unsigned n = 0; more && n < sections_max; ++n) {
    if (!settle_reclaim(process, process.own())) return;
    Section section(process.base(), shard.lock);
    // Once another has replaced it, what is there is younger.
    if (!section || is_dead(entry.state.load(std::memory_order_relaxed))) return;
    more = remove_replaced(process, section, shard, entry,
                           fill.owed == Ending::finish ? fill.variants_max : 0)
               .more;
    refresh_tail(process, shard, shard_index);
  }
}

// The sections that end the fill; false: a lock was busy.
bool run_ending(Process& process, unsigned index) {
  if (process.condemned()) {
    end_condemned(process, index);
    return true;
  }
  FillState& fill = process.fills[index];
  Ticket& ticket = process.own_ticket(index);
  Entry& entry = process.entry(ticket.entry.load());
  settle_reclaim(process, process.own());
  if (!free_run(process, ticket.raw)) return false;
  Shard& shard = process.shard_of(entry);
  bool more = false;
  bool left = false;  // in limbo, perhaps for no better reason than that `reclaim` was taken
  {
    Section section(process.base(), shard.lock);
    if (!section) return false;
    const uint32_t limbo = shard.limbo.count;
    section.set(ticket.entry, 0);
    more = end_in_section(process, section, shard, entry, fill);
    refresh_tail(process, shard, process.shard_index(entry.hash));
    left = shard.limbo.count > limbo && process.own().reclaim.load() != 0;
  }
  process.ring_followers(ticket);
  if (more) remove_rest(process, entry, fill, more);
  if (fill.drop_pin) unpin(process, entry);
  fill.drop_pin = false;
  settle_reclaim(process, process.own());
  if (more || left) reap(process, shard);
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
  // A marker is a key and no more; but followers of an end that comes late may read the head.
  if (ending == Ending::uncacheable && !fill.head_done && !process.condemned()) {
    const uint64_t fixed = fixed_bytes(entry);
    trim_own_run(process, entry, fill,
                 units_for(has(entry, shape::extended) ? extended_bytes(fixed) : fixed));
  }
  // Fixed from here on, as the entry enters a list.
  entry.charged_units = fill.charged_units;
  entry.stamp = fill.former ? fill.former->stamp : process.exact_stamp();
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

void settle_debts(Process& process) {
  if (!process.condemned()) settle_reclaim(process, process.own());
  std::erase_if(process.owed, [&](uint16_t index) {
    if (!run_ending(process, index)) return false;
    if (!process.fills[index].held) free_ticket(process, index);
    return true;
  });
}

}  // namespace ringwall::cache
