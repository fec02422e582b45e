#include "cache/store.h"

#include <utility>

#include "cache/fill.h"
#include "cache/index.h"
#include "cache/lookup.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/use_counter.h"
#include "cache/purges.h"
#include "cache/variants.h"

namespace ringwall::cache {
namespace {

// The common case of look_up, and the hot path: the key's youngest entry is a stored response
// without selectors, and the rule says that it serves. Else nothing.
Entry* serve_at_once(Process& process, Section& section, const Lookup& lookup, uint32_t hash) {
  const Ref ref = find_in_chain(process, process.bucket(process.bucket_of(hash)), hash, lookup.key);
  if (ref == 0) return nullptr;
  Entry& entry = process.entry(ref);
  if (entry.checked != purge_epoch(process) ||
      entry.state.load(std::memory_order_relaxed) != State::live || entry.selectors_length != 0 ||
      judge(entry, lookup) != Use::serve) {
    return nullptr;
  }
  hit(process, section, entry, lookup.now);
  return &entry;
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

Found Store::find(const Lookup& lookup) {
  Process& process = *process_;
  RW_ASSERT(!process.observer());
  settle_owed(process);
  if (process.condemned()) {
    process.count(Count::busy);
    return {Busy::condemned, {}, {}, false};
  }
  const uint32_t hash = hash_key(process.super(), lookup.key);
  Look look;
  {
    // Fetched from memory while the lock is.
    __builtin_prefetch(&process.bucket(process.bucket_of(hash)));
    Section section(process.base(), process.shard(process.shard_index(hash)).lock);
    if (!section) {
      process.count(Count::busy);
      return {Busy::lock, {}, {}, false};
    }
    if (Entry* entry = serve_at_once(process, section, lookup, hash)) {
      return {Hit(&process, entry), {}, {}, false};
    }
    look = look_up(process, section, lookup, survey(process, section, lookup, hash));
  }
  settle_owed(process);
  if (look.way != Way::hit && look.way != Way::follow) process.count(Count::misses);
  if (look.way == Way::fill && !lookup.permit) look.way = Way::alone;
  if (look.way == Way::fill) return fill(lookup, hash, look);
  Found first = found(look);
  if (look.refresh && lookup.permit) {
    const auto permit = try_permit(process, lookup, hash, look);
    const Look* second = std::get_if<Look>(&permit);
    if (second != nullptr && second->way == Way::fill) {
      first.refresh = Fill(&process, second->entry, ticket_of(*second->entry));
    }
  }
  return first;
}

Found Store::fill(const Lookup& lookup, uint32_t hash, const Look& look) {
  Found first = found(look);  // holds what is stored
  const auto permit = try_permit(*process_, lookup, hash, look);
  if (const Look* second = std::get_if<Look>(&permit)) return found(*second);
  first.way = std::get<Busy>(permit);
  return first;
}

Found Store::found(const Look& look) {
  Process* process = process_.get();
  Found found{Busy::lock, {}, {}, look.variants};
  if (look.stored != nullptr) found.stored = Hit(process, look.stored);
  switch (look.way) {
    case Way::hit:
      found.way = Hit(process, look.entry);
      break;
    case Way::follow:
      found.way = Follow(process, look.entry);
      break;
    case Way::marked:
      found.way = Busy::marked;
      break;
    case Way::alone:
      found.way = Busy::alone;
      break;
    case Way::fill:
      if (look.entry == nullptr) break;  // wanted, not there yet
      found.way = Fill(process, look.entry, ticket_of(*look.entry));
      break;
  }
  return found;
}

std::optional<Hit> Store::peek(const Lookup& lookup) {
  Process& process = *process_;
  if (process.observer() || process.condemned()) return std::nullopt;
  const uint32_t hash = hash_key(process.super(), lookup.key);
  Entry* live = nullptr;
  {
    Section section(process.base(), process.shard(process.shard_index(hash)).lock);
    if (!section) return std::nullopt;
    live = survey(process, section, lookup, hash).live;
    if (live != nullptr) pin(process, *live);
  }
  settle_owed(process);
  if (live == nullptr) return std::nullopt;
  return Hit(&process, live);
}

unsigned Store::note_use(std::string_view key, base::WallSeconds now, uint32_t window_s) {
  if (process_->condemned()) return 1;
  const Superblock& super = process_->super();
  UseCounter counter(std::span(super.uses.get(), super.use_cells));
  return counter.note(hash_text(super, key), static_cast<uint32_t>(now), window_s);
}

void Store::acknowledge_wakeup() {
  process_->own().pending.store(0, std::memory_order_seq_cst);
}

void Store::condemn() {
  auto expected = Condemned::no;
  process_->super().condemned.compare_exchange_strong(expected, Condemned::yes);
  process_->ring_all();
}

bool Store::condemned() const {
  return process_->condemned();
}

void Store::supersede() {
  RW_ASSERT(condemned());
  process_->super().condemned.store(Condemned::superseded);
}

}  // namespace ringwall::cache
