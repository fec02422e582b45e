#include <algorithm>
#include <bit>

#include "cache/arena.h"
#include "cache/findings.h"

namespace ringwall::cache {
namespace {

/// How the page's map differs from who owns what; units of a page that is in no arena are free.
void check_owners(Findings& findings, uint32_t index) {
  const PageRecord& page = findings.process.page(index);
  const PageState state = page.state.load();
  const bool in_arena = state == PageState::open || state == PageState::closed;
  uint32_t differ = 0;
  for (unsigned w = 0; w < units_per_page / 64; ++w) {
    const uint64_t at = uint64_t{index} * units_per_page / 64 + w;
    const uint64_t used = in_arena ? page.used[w] : 0;
    differ += static_cast<uint32_t>(std::popcount(findings.owned[at] ^ used));
  }
  if (differ > 0)
    findings.owner_breach("page {}: {} units are used without an owner or owned but free", index,
                          differ);
}

void check_page(Findings& findings, uint32_t index) {
  const PageRecord& page = findings.process.page(index);
  unsigned free = 0;
  unsigned longest = 0;
  each_free_run(page, [&](unsigned, unsigned length) {
    free += length;
    longest = std::max(longest, length);
  });
  if (free != page.free)
    findings.breach("page {} has {} free units, not {}", index, free, page.free);
  if (longest != page.longest) findings.breach("page {} has the wrong longest run", index);
}

/// The arena's pages by number, in its section: what they say of themselves and the marks of them.
struct Census {
  uint64_t open = 0;
  uint64_t closed = 0;
  uint64_t free = 0;  // units of these
};

Census check_states(Findings& findings, uint32_t index) {
  const Superblock& super = findings.process.super();
  Census census;
  for (uint32_t p = index; p < findings.pages; p += super.arena_count) {
    const PageRecord& page = findings.process.page(p);
    const PageState state = page.state.load();
    check_owners(findings, p);
    // Of open and closed ones nothing changes while we hold the lock; into them none can come.
    if (state != PageState::open && p < super.open_pages.load())
      findings.breach("page {} is not open", p);
    if (state != PageState::open && state != PageState::closed) continue;
    if (p >= super.active_pages.load()) findings.breach("page {} is not inactive", p);
    check_page(findings, p);
    census.free += page.free;
    if (state == PageState::closed) ++census.closed;
    if (state != PageState::open) continue;
    ++census.open;
    if (page.bin != bin_of(page.longest)) findings.breach("page {} is in the wrong bin", p);
  }
  return census;
}

void check_arena(Findings& findings, uint32_t index) {
  Arena& arena = findings.process.arena(index);
  Section section(findings.process.base(), arena.lock);
  if (!section) {
    findings.breach("the lock of arena {} is held", index);
    return;
  }
  const Census census = check_states(findings, index);
  uint64_t pages = 0;
  uint64_t occupied = 0;
  for (unsigned bin = 0; bin < bins_max; ++bin) {
    uint32_t previous = no_page;
    if (arena.bins[bin] != no_page) occupied |= uint64_t{1} << bin;
    for (uint32_t p = arena.bins[bin]; p != no_page; p = findings.process.page(p).next) {
      if (p >= findings.process.super().page_count ||
          ++pages > findings.process.super().page_count) {
        findings.breach("bin {} of arena {} leads astray", bin, index);
        break;
      }
      const PageRecord& page = findings.process.page(p);
      const bool first = previous == no_page;
      if (page.bin != bin || (!first && page.previous != previous) ||
          page.state.load() != PageState::open ||
          p % findings.process.super().arena_count != index) {
        findings.breach("page {} is linked wrongly", p);
      }
      previous = p;
    }
    const uint32_t first = arena.bins[bin];
    if (first != no_page && findings.process.page(first).previous != previous)
      findings.breach("bin {} of arena {} does not know its last page", bin, index);
  }
  if (pages != census.open || pages + census.closed != arena.pages.load())
    findings.breach("arena {} has lost pages", index);
  if (census.free != arena.free_units.load())
    findings.breach("arena {} has a wrong sum of free units", index);
  if (occupied != arena.occupied.load()) findings.breach("arena {} has a wrong map of bins", index);
}

}  // namespace

void check_arenas(Findings& findings) {
  for (uint32_t i = 0; i < findings.process.super().arena_count; ++i) check_arena(findings, i);
}

void check_purges(Findings& findings) {
  const PurgeTable& table = findings.process.purges();
  Section section(findings.process.base(), findings.process.purges().lock);
  if (!section) {
    findings.breach("the lock of the purges is held");
    return;
  }
  uint32_t tags = 0;
  uint32_t prefixes = 0;
  for (const TagPurge& place : table.tag) tags += place.tag.load() > TagPurge::cleared;
  for (const PrefixPurge& place : table.prefix) prefixes += place.epochs.load() != 0;
  const uint32_t pending = tags + prefixes + (table.all.load() != 0);
  if (tags != table.tags.load() || pending != table.pending.load()) {
    findings.breach("{} purges are pending, {} of them by tag, not {} and {}", pending, tags,
                    table.pending.load(), table.tags.load());
  }
}

}  // namespace ringwall::cache
