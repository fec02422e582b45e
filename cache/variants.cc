#include "cache/variants.h"

#include "cache/index.h"
#include "cache/object.h"
#include "cache/pin.h"
#include "cache/purges.h"

namespace ringwall::cache {
namespace {

// What a section's undo log has room for.
constexpr unsigned removals_max = 2;

bool fits(const Lookup& lookup, std::string_view selectors) {
  return selectors.empty() ||
         (lookup.selects != nullptr && lookup.selects(selectors, lookup.context));
}

bool replaces(const Process& process, Entry& entry, Entry& old) {
  if (old.state.load(std::memory_order_relaxed) == State::marker) return true;
  const std::string_view own = selectors_of(process, entry);
  const std::string_view other = selectors_of(process, old);
  return own.empty() || other.empty() || own == other ||
         &content_entry(process, entry) == &content_entry(process, old);
}

}  // namespace

Variants survey(Process& process, Section& section, const Lookup& lookup, uint32_t hash) {
  Variants found;
  const uint32_t epoch = purge_epoch(process);
  bool removed = false;
  for (Ref ref = process.bucket(process.bucket_of(hash)); ref != 0;) {
    ref = find_in_chain(process, ref, hash, lookup.key);
    if (ref == 0) break;
    Entry& entry = process.entry(ref);
    ref = entry.chain;
    const State state = entry.state.load(std::memory_order_acquire);
    if (entry.checked != epoch) {
      const bool gone = catch_up(process, entry, epoch);
      if (gone && !removed) {
        if (state == State::live) count_purged(process, entry);
        take_out(process, section, entry);
      }
      removed |= gone;
      if (gone || is_marked(entry, mark::hidden)) continue;
    }
    if (state == State::marker) {
      found.marked = lookup.now < entry.link.load(std::memory_order_relaxed);
      continue;
    }
    const std::string_view selectors = selectors_of(process, entry);
    const bool fit = fits(lookup, selectors);
    if (!selectors.empty() && (found.model == nullptr || (fit && found.live == nullptr))) {
      found.model = &entry;
    }
    if (is_fill(state)) {
      if (fit && found.fill == nullptr) found.fill = &entry;
    } else if (!fit) {
      found.others = true;
    } else if (found.live == nullptr) {
      found.live = &entry;
      found.use = judge(entry, lookup);
      if (found.use == Use::serve) return found;
    }
  }
  return found;
}

Replaced remove_replaced(Process& process, Section& section, Shard& shard, Entry& entry,
                         unsigned variants_max) {
  Replaced replaced;
  unsigned removals = 0;
  unsigned variants = 1;
  Entry* oldest = nullptr;
  for (Ref ref = process.bucket(process.bucket_of(entry.hash)); ref != 0;) {
    ref = find_in_chain(process, ref, entry.hash, key_of(entry));
    if (ref == 0) break;
    Entry& old = process.entry(ref);
    ref = old.chain;
    const State state = old.state.load(std::memory_order_relaxed);
    if (&old == &entry || is_fill(state)) continue;
    if (replaces(process, entry, old)) {
      if (removals == removals_max) {
        replaced.more = true;
        return replaced;
      }
      ++removals;
      replaced.was_protected = replaced.was_protected || old.list == ListName::protected_;
      remove(process, section, shard, old,
             state == State::marker ? State::unmarked : State::removed);
      continue;
    }
    ++variants;
    if (oldest == nullptr || old.stamp < oldest->stamp) oldest = &old;
  }
  if (variants_max == 0 || variants <= variants_max) return replaced;
  replaced.more = removals == removals_max || variants - 1 > variants_max;
  if (removals == removals_max) return replaced;
  remove(process, section, shard, *oldest, State::removed);
  return replaced;
}

bool is_taken(const Process& process, Entry& entry, unsigned variants_max, base::WallSeconds now) {
  unsigned variants = 0;
  for (Ref ref = process.bucket(process.bucket_of(entry.hash)); ref != 0;) {
    ref = find_in_chain(process, ref, entry.hash, key_of(entry));
    if (ref == 0) break;
    Entry& other = process.entry(ref);
    ref = other.chain;
    const State state = other.state.load(std::memory_order_relaxed);
    if (&other == &entry || is_fill(state)) continue;
    if (state == State::marker) {
      if (now < other.link.load(std::memory_order_relaxed)) return true;
      continue;
    }
    if (replaces(process, entry, other)) return true;
    ++variants;
  }
  return variants >= variants_max;
}

}  // namespace ringwall::cache
