#include "cache/lookup.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "cache/arena.h"
#include "cache/fill.h"
#include "cache/head.h"
#include "cache/index.h"
#include "cache/lru.h"
#include "cache/object.h"
#include "cache/pin.h"
#include "cache/purges.h"
#include "cache/room.h"

namespace ringwall::cache {
namespace {

// What a permit may evict for the sake of a run in which a usual response fits whole.
constexpr unsigned permit_evictions_max = 4;

/// A fill that is ready to be published.
struct Fresh {
  Entry& entry;
  unsigned ticket;
};

Way decide(const Variants& variants, const Lookup& lookup) {
  if (variants.live != nullptr) {
    if (variants.use == Use::serve || variants.use == Use::serve_and_refresh) return Way::hit;
    if (variants.use == Use::alone) return Way::alone;
  }
  if (variants.fill != nullptr) return Way::follow;
  return variants.marked && !lookup.despite_marker ? Way::marked : Way::fill;
}

bool may_refresh(const Variants& variants, const Lookup& lookup) {
  return variants.use == Use::serve_and_refresh && variants.fill == nullptr &&
         (!variants.marked || lookup.despite_marker);
}

// By which fields the key's responses differ, written with the request's own values; how long it
// is.
size_t describe(const Process& process, const Variants& variants, const Lookup& lookup,
                std::span<char> out) {
  if (variants.model == nullptr || lookup.describe == nullptr) return 0;
  const size_t room = std::min(out.size(), selectors_bytes_max);
  const size_t length =
      lookup.describe(selectors_of(process, *variants.model), out.first(room), lookup.context);
  RW_ASSERT(length <= room);
  return length;
}

// In memory that nobody else sees yet.
Entry& make_entry(Process& process, Run run, std::string_view key, uint32_t hash, unsigned ticket) {
  auto* entry = new (process.at<std::byte>(run.unit)) Entry{};
  entry->hash = hash;
  entry->key_length = static_cast<uint16_t>(key.size());
  entry->own_units = static_cast<uint16_t>(run.units);
  entry->link.store(pack_link(process.slot_index(), ticket), std::memory_order_relaxed);
  entry->content_length.store(unknown_length, std::memory_order_relaxed);
  entry->state.store(State::waiting, std::memory_order_relaxed);
  std::memcpy(static_cast<void*>(entry + 1), key.data(), key.size());
  return *entry;
}

// Inside the shard's section: the ticket's raw run becomes a fill that others find.
void publish(Process& process, Section& section, const Lookup& lookup, const Variants& variants,
             const Fresh& fresh) {
  Entry& entry = fresh.entry;
  const uint64_t room = entry.own_units * unit_bytes - sizeof(Extension) - fixed_bytes(entry);
  char* behind_key = reinterpret_cast<char*>(&entry + 1) + entry.key_length;
  entry.described_length =
      static_cast<uint16_t>(describe(process, variants, lookup, {behind_key, room}));
  Ticket& ticket = process.own_ticket(fresh.ticket);
  // From before the request to the origin: whatever is purged later concerns the response.
  entry.checked = purge_epoch(process);
  section.set(ticket.epoch, entry.checked);
  Shard& shard = process.shard_of(entry);
  link_chain(process, section, entry);
  section.set(ticket.entry, process.ref(&entry));
  section.set(ticket.raw, 0);
  section.set(shard.filling, shard.filling + 1);
  pin(process, entry);
}

/// Looks again, and where there is still no other way publishes the ticket's raw run. `refreshed`:
/// only if that is still what would be served. Nothing: the lock was busy.
std::optional<Look> look_and_publish(Process& process, const Lookup& lookup, uint32_t hash,
                                     unsigned ticket, const Entry* refreshed) {
  const Run run = unpack(process.own_ticket(ticket).raw.load(std::memory_order_relaxed));
  const Fresh fresh{make_entry(process, run, lookup.key, hash, ticket), ticket};
  Section section(process.base(), process.shard(process.shard_index(hash)).lock);
  if (!section) return std::nullopt;
  const Variants variants = survey(process, section, lookup, hash);
  if (refreshed != nullptr) {
    const bool still = variants.live == refreshed && may_refresh(variants, lookup);
    if (!still) return Look{Way::hit};
    publish(process, section, lookup, variants, fresh);
    return Look{Way::fill, &fresh.entry};
  }
  Look look = look_up(process, section, lookup, variants);
  if (look.way != Way::fill) return look;
  publish(process, section, lookup, variants, fresh);
  look.entry = &fresh.entry;
  return look;
}

/// A run for the entry with its key and the described selectors, and behind them room for a
/// response of usual size where that costs little. Not more: what a fill gives back once its length
/// is known is a gap that stays empty as long as there are fresh pages.
Grant take_permit_run(Process& process, size_t key_bytes, size_t described, Cell& raw) {
  const uint64_t fixed = sizeof(Entry) + key_bytes + described;
  const uint32_t need = units_for(extended_bytes(fixed));
  const UsualUnits usual = usual_units(process);
  const uint32_t want = std::max(need, std::min(usual.ample, permit_units));
  Budget small{permit_evictions_max};
  const Grant grant = obtain_run(process, want, std::clamp(usual.mean, need, want), raw, small);
  if (grant != Grant::no_room) return grant;
  Budget budget;
  return obtain_run(process, need, need, raw, budget);
}

/// Why there is no permit, counted.
Busy no_permit(Process& process, Grant grant) {
  process.count(grant == Grant::busy ? Count::busy : Count::no_room);
  return grant == Grant::busy ? Busy::lock : Busy::room;
}

void begin(Process& process, unsigned ticket, const Entry& entry, const Lookup& lookup) {
  RW_ASSERT(process.free_tickets.back() == ticket);
  process.free_tickets.pop_back();
  process.count(Count::fills);
  FillState& fill = process.fills[ticket];
  fill = FillState{};
  fill.begun_s = lookup.now;
  fill.begun_ns = process.exact_stamp();
  fill.held = true;
  fill.charged_units = entry.own_units;
  fill.variants_max = std::max(lookup.variants_max, 1u);
}

}  // namespace

Look look_up(Process& process, Section& section, const Lookup& lookup, const Variants& variants) {
  Look look;
  look.way = decide(variants, lookup);
  look.variants = variants.live == nullptr && variants.others;
  if (look.way == Way::hit) {
    look.entry = variants.live;
    look.refresh = may_refresh(variants, lookup);
    if (look.refresh) look.described = describe(process, variants, lookup, process.scratch);
    hit(process, section, *look.entry, lookup.now);
    return look;
  }
  if (look.way == Way::follow) {
    look.entry = variants.fill;
    process.count(Count::follows);
    pin(process, *look.entry);
  }
  if (look.way == Way::fill) look.described = describe(process, variants, lookup, process.scratch);
  look.stored = variants.live;
  if (look.stored != nullptr) pin(process, *look.stored);
  return look;
}

std::variant<Look, Busy> try_permit(Process& process, const Lookup& lookup, uint32_t hash,
                                    const Look& first) {
  if (process.free_tickets.empty()) return Busy::tickets;
  if (lookup.key.size() > key_bytes_max) return Busy::room;
  const unsigned ticket = process.free_tickets.back();
  Cell& raw = process.own_ticket(ticket).raw;
  // Left by a try that found a lock busy.
  if (!free_run(process, raw)) return Busy::lock;
  const Grant grant = take_permit_run(process, lookup.key.size(), first.described, raw);
  if (grant != Grant::granted) return no_permit(process, grant);
  const Entry* refreshed = first.way == Way::hit ? first.entry : nullptr;
  const std::optional<Look> look = look_and_publish(process, lookup, hash, ticket, refreshed);
  const bool permitted = look && look->way == Way::fill;
  // Takes the ticket away, before what is settled gives back others.
  if (permitted) begin(process, ticket, *look->entry, lookup);
  settle_owed(process);
  if (permitted) return *look;
  free_run(process, raw);
  if (!look) return no_permit(process, Grant::busy);
  return *look;
}

}  // namespace ringwall::cache
