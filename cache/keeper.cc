#include "cache/keeper.h"

#include <algorithm>

#include "cache/fill.h"
#include "cache/index.h"
#include "cache/lookup.h"
#include "cache/object.h"
#include "cache/pin.h"
#include "cache/purges.h"

namespace ringwall::cache {
namespace {

// A section notes what lies in so many buckets.
constexpr uint32_t slice_buckets = 64;
// Tries for a lock that is held (5 ms each) before a walk leaves the slice out.
constexpr unsigned tries_max = 20;

void note_slice(Process& process, uint32_t from, uint32_t end, std::vector<Keeper::Place>& places) {
  for (uint32_t bucket = from; bucket < end; ++bucket) {
    for (Ref ref = process.bucket(bucket); ref != 0;) {
      const Entry& entry = process.entry(ref);
      if (entry.state.load(std::memory_order_relaxed) == State::live) {
        places.push_back({entry.stamp, entry.hash, ref});
      }
      ref = entry.chain;
    }
  }
}

// Whether the place still holds a stored response: whichever, all of it is looked at now. The unit
// may hold anything by now, so only the chain says what an entry is.
Entry* find_place(Process& process, const Keeper::Place& place) {
  for (Ref ref = process.bucket(process.bucket_of(place.hash)); ref != 0;) {
    Entry& entry = process.entry(ref);
    if (ref == place.ref) {
      const bool live = entry.state.load(std::memory_order_acquire) == State::live;
      return live && entry.hash == place.hash ? &entry : nullptr;
    }
    ref = entry.chain;
  }
  return nullptr;
}

// A monotonic time `idle` before `base` that is never before the machine's start: small differences
// are kept, large ones shrink, the order stays.
uint64_t stamp_before(uint64_t base, uint64_t idle_ms) {
  const double now = static_cast<double>(base);
  const double idle = static_cast<double>(idle_ms) * 1e6;
  return std::max<uint64_t>(static_cast<uint64_t>(now * (now / (now + idle))), 1);
}

bool fits(std::string_view selectors, const void* context) {
  const auto own = *static_cast<const std::string_view*>(context);
  return own.empty() || own == selectors;
}

}  // namespace

Kept::~Kept() {
  if (entry_ != nullptr) unpin(*process_, *entry_);
}

std::string_view Kept::key() const {
  return key_of(*entry_);
}

std::string_view Kept::selectors() const {
  return selectors_of(*process_, *entry_);
}

std::string_view Kept::head() const {
  return head_of(*process_, *entry_);
}

const Facts& Kept::facts() const {
  return entry_->facts;
}

std::vector<uint64_t> Kept::tags() const {
  std::vector<uint64_t> tags;
  for (unsigned i = 0; i < entry_->tags; ++i) tags.push_back(tag_of(*process_, *entry_, i));
  return tags;
}

uint64_t Kept::content_length() const {
  return entry_->content_length.load(std::memory_order_relaxed);
}

size_t Kept::content(uint64_t offset, uint64_t length, std::span<iovec> out) const {
  return content_spans(*process_, *entry_, offset, length, out);
}

uint32_t Kept::hits() const {
  return __atomic_load_n(&entry_->hits, __ATOMIC_RELAXED);
}

uint64_t Kept::idle_ms() const {
  const auto now = static_cast<uint64_t>(base::monotonic_now().ns);
  const uint64_t used = __atomic_load_n(&entry_->stamp, __ATOMIC_RELAXED);
  return now > used ? (now - used) / 1'000'000 : 0;
}

bool Kept::again() const {
  return __atomic_load_n(&entry_->list, __ATOMIC_RELAXED) == ListName::protected_;
}

bool Kept::purged_soft() const {
  return is_marked(*entry_, mark::soft);
}

Keeper::Keeper(Store& store)
    : store_(store),
      process_(*store.process_),
      begun_ns_(static_cast<uint64_t>(base::monotonic_now().ns)) {
  RW_ASSERT(!process_.observer());
  process_.may_evict = false;
}

std::vector<Keeper::Place> Keeper::places() {
  std::vector<Place> places;
  places.reserve(store_.usage().objects + slice_buckets);
  const uint32_t buckets = process_.super().bucket_count;
  unsigned tries = 0;
  for (uint32_t from = 0; from < buckets && !process_.condemned();) {
    Section section(process_.base(), process_.shard(process_.shard_of_bucket(from)).lock);
    if (!section && ++tries < tries_max) continue;
    tries = 0;
    // buckets_per_shard and slice_buckets are powers of two: a slice stays in its shard.
    const uint32_t end = from + std::min(slice_buckets, process_.buckets_per_shard());
    if (section) note_slice(process_, from, end, places);
    from = end;
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.stamp > b.stamp; });
  return places;
}

std::variant<Kept, Keeper::Missing> Keeper::take(const Place& place) {
  if (process_.condemned()) return Missing::gone;
  Section section(process_.base(), process_.shard(process_.shard_index(place.hash)).lock);
  if (!section) return Missing::busy;
  Entry* entry = find_place(process_, place);
  const uint32_t epoch = purge_epoch(process_);
  // What pending purges take out is left to the sweep.
  if (entry == nullptr || (entry->checked != epoch && catch_up(process_, *entry, epoch))) {
    return Missing::gone;
  }
  pin(process_, *entry);
  return Kept(&process_, entry);
}

std::variant<Fill, Keeper::Refused> Keeper::put_back(const Former& former, base::WallSeconds now) {
  Lookup lookup;
  lookup.key = former.key;
  lookup.now = now;
  lookup.selects = fits;
  lookup.context = &former.selectors;
  lookup.use = [](const Candidate&, const void*) { return Use::alone; };
  if (process_.condemned()) return Refused::busy;
  settle_owed(process_);
  const uint32_t hash = hash_key(process_.super(), lookup.key);
  {
    Section section(process_.base(), process_.shard(process_.shard_index(hash)).lock);
    if (!section) return Refused::busy;
    const Variants there = survey(process_, section, lookup, hash);
    if (there.live != nullptr || there.fill != nullptr || there.marked) return Refused::present;
  }
  settle_owed(process_);
  const auto permit = try_permit(process_, lookup, hash, Look{});
  if (const Busy* busy = std::get_if<Busy>(&permit)) {
    return *busy == Busy::room ? Refused::room : Refused::busy;
  }
  const Look& look = std::get<Look>(permit);
  if (look.way != Way::fill) {
    // It was begun or stored between the two looks.
    if (look.entry != nullptr) unpin(process_, *look.entry);
    if (look.stored != nullptr) unpin(process_, *look.stored);
    return Refused::present;
  }
  if (former.purged_soft) look.entry->marks.fetch_or(mark::soft, std::memory_order_release);
  const uint32_t ticket = ticket_of(*look.entry);
  process_.fills[ticket].former = cache::Former{stamp_before(begun_ns_, former.idle_ms),
                                                former.hits, former.again};
  return Fill(&process_, look.entry, ticket);
}

uint32_t Keeper::pages_to_come() const {
  const uint32_t target = process_.super().target_pages.load();
  return target - std::min(target, process_.super().active_pages.load());
}

}  // namespace ringwall::cache
