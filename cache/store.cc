#include "cache/store.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "cache/arena.h"
#include "cache/extents.h"
#include "cache/fill.h"
#include "cache/index.h"
#include "cache/lru.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/room.h"

namespace ringwall::cache {
namespace {

/// One lookup: what is asked for.
struct Query {
  std::string_view key;
  uint64_t hash;
  Store::Usable usable;
  const void* context;
  base::WallSeconds now;
};

enum class Look : uint8_t { hit, follow, marked, absent };

// Inside the shard's section. A hit or a fill to follow is pinned.
Look look_up(Process& process, Section& section, uint32_t shard_index, const Query& query,
             Entry*& entry) {
  const Ref ref =
      find_in_chain(process, process.bucket(process.bucket_of(query.hash)), query.hash, query.key);
  if (ref == 0) return Look::absent;
  entry = &process.entry(ref);
  switch (entry->state.load(std::memory_order_relaxed)) {
    case State::live: {
      if (!query.usable(entry->facts, query.context)) return Look::absent;
      Shard& shard = process.shard(shard_index);
      process.count(Count::hits);
      pin(process, *entry);
      __atomic_store_n(&entry->hits, entry->hits + 1, __ATOMIC_RELAXED);
      if (touch(process, section, shard, *entry, process.stamp(query.now))) {
        refresh_tail(process, shard, shard_index);
      }
      return Look::hit;
    }
    case State::marker:
      return query.now < entry->marked_until ? Look::marked : Look::absent;
    default:
      process.count(Count::follows);
      pin(process, *entry);
      return Look::follow;
  }
}

// In memory that nobody else sees yet.
Entry& make_entry(Process& process, Run run, const Query& query, unsigned ticket) {
  auto* entry = new (process.at<std::byte>(run.unit)) Entry{};
  entry->own_units = run.units;
  entry->hash = query.hash;
  entry->key_length = static_cast<uint16_t>(query.key.size());
  entry->filler = static_cast<uint16_t>(process.slot_index());
  entry->ticket = static_cast<uint16_t>(ticket);
  entry->content_length.store(unknown_length, std::memory_order_relaxed);
  entry->state.store(State::waiting, std::memory_order_relaxed);
  std::memcpy(static_cast<void*>(entry + 1), query.key.data(), query.key.size());
  return *entry;
}

struct Begun {
  Look look = Look::absent;
  Entry* entry = nullptr;
  bool published = false;
  bool busy = false;
};

// Looks again, and where there is still nothing publishes the ticket's raw run as a fill.
Begun publish(Process& process, const Query& query, unsigned index) {
  Ticket& ticket = process.own_ticket(index);
  const Run run = unpack(ticket.raw.load(std::memory_order_relaxed));
  Entry& fresh = make_entry(process, run, query, index);
  const uint32_t shard_index = process.shard_index(query.hash);
  Shard& shard = process.shard(shard_index);
  Begun begun;
  Section section(process.base(), shard.lock);
  if (!section) {
    begun.busy = true;
    return begun;
  }
  begun.look = look_up(process, section, shard_index, query, begun.entry);
  if (begun.look != Look::absent) return begun;
  link_chain(process, section, fresh);
  section.set(ticket.entry, run.unit);
  section.set(ticket.raw, 0);
  section.set(shard.filling, shard.filling + 1);
  pin(process, fresh);
  begun.entry = &fresh;
  begun.published = true;
  return begun;
}

}  // namespace

Store::Store(std::unique_ptr<Process> process) : process_(std::move(process)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

base::Result<Store> Store::attach(int segment_fd, std::optional<unsigned> slot,
                                  std::span<const int> doorbells) {
  auto process = Process::attach(segment_fd, slot, doorbells);
  if (!process) return base::fail(process.error());
  return Store(std::move(*process));
}

Found Store::find(std::string_view key, Usable usable, const void* context, base::WallSeconds now) {
  Process& process = *process_;
  RW_ASSERT(!process.observer());
  settle_owed(process);
  const Query query{key, hash_key(process.super(), key), usable, context, now};
  Entry* entry = nullptr;
  Look look = Look::absent;
  {
    const uint32_t shard_index = process.shard_index(query.hash);
    // Fetched from memory while the lock is.
    __builtin_prefetch(&process.bucket(process.bucket_of(query.hash)));
    Section section(process.base(), process.shard(shard_index).lock);
    if (!section) {
      process.count(Count::busy);
      return Busy::lock;
    }
    look = look_up(process, section, shard_index, query, entry);
  }
  if (look == Look::hit) return Hit(&process, entry);
  if (look == Look::follow) return Follow(&process, entry);
  process.count(Count::misses);
  if (look == Look::marked) return Busy::marked;
  return begin_fill(key, usable, context, now);
}

Found Store::begin_fill(std::string_view key, Usable usable, const void* context,
                        base::WallSeconds now) {
  Process& process = *process_;
  const Query query{key, hash_key(process.super(), key), usable, context, now};
  if (process.free_tickets.empty()) return Busy::tickets;
  if (key.size() > key_bytes_max) return Busy::room;
  const unsigned index = process.free_tickets.back();
  Ticket& ticket = process.own_ticket(index);
  // Left by a try that found a lock busy.
  if (!free_run(process, ticket.raw)) return Busy::lock;
  const uint32_t units = units_for(sizeof(Entry) + key.size());
  Budget budget;
  const Grant grant = obtain_run(process, units, units, ticket.raw, budget);
  if (grant != Grant::granted) {
    process.count(grant == Grant::busy ? Count::busy : Count::no_room);
    return grant == Grant::busy ? Busy::lock : Busy::room;
  }
  const Begun begun = publish(process, query, index);
  if (!begun.published) {
    free_run(process, ticket.raw);
    if (begun.busy) {
      process.count(Count::busy);
      return Busy::lock;
    }
    if (begun.look == Look::hit) return Hit(&process, begun.entry);
    if (begun.look == Look::follow) return Follow(&process, begun.entry);
    return Busy::marked;
  }
  process.free_tickets.pop_back();
  process.count(Count::fills);
  FillState& fill = process.fills[index];
  fill = FillState{};
  fill.begun_s = now;
  fill.begun_ns = process.exact_stamp();
  fill.held = true;
  fill.charged_units = begun.entry->own_units;
  return Fill(&process, begun.entry, index);
}

std::optional<Hit> Store::peek(std::string_view key) {
  Process& process = *process_;
  if (process.observer()) return std::nullopt;
  const uint64_t hash = hash_key(process.super(), key);
  Section section(process.base(), process.shard(process.shard_index(hash)).lock);
  if (!section) return std::nullopt;
  // The entry that a fill is about to replace stands behind it.
  for (Ref ref = process.bucket(process.bucket_of(hash));; ref = process.entry(ref).chain) {
    ref = find_in_chain(process, ref, hash, key);
    if (ref == 0) return std::nullopt;
    Entry& entry = process.entry(ref);
    const State state = entry.state.load(std::memory_order_relaxed);
    if (state == State::marker) return std::nullopt;
    if (state != State::live) continue;
    pin(process, entry);
    return Hit(&process, &entry);
  }
}

void Store::acknowledge_wakeup() {
  process_->own().pending.store(0, std::memory_order_seq_cst);
}

base::Result<bool> Store::reserve_more(uint64_t bytes) {
  return reserve_pages(process_->fd(), process_->mapping(), bytes);
}

}  // namespace ringwall::cache
