#include <algorithm>
#include <bit>

#include "cache/arena.h"
#include "cache/findings.h"
#include "cache/learn.h"

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
  const Looking looking(findings, arena.lock, "arena {}", index);
  if (!looking) return;
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

bool check_super(Findings& findings) {
  const Superblock& super = findings.process.super();
  const auto* prelude = reinterpret_cast<const Prelude*>(findings.process.base());
  const bool powers = std::has_single_bit(super.shard_count) &&
                      std::has_single_bit(super.bucket_count) &&
                      super.shard_count <= super.bucket_count;
  const uint64_t arena_end =
      uint64_t{super.first_page} * unit_bytes + uint64_t{super.page_count} * page_bytes;
  const bool fits = super.first_page * unit_bytes == prelude->control_bytes &&
                    arena_end <= prelude->segment_bytes &&
                    super.target_pages.load() <= super.page_count &&
                    super.active_pages.load() <= super.page_count && super.arena_count > 0 &&
                    super.arena_count <= super.page_count;
  if (!powers || !fits) findings.breach("the superblock's sizes do not agree");
  return powers && fits;
}

void check_arenas(Findings& findings) {
  for (uint32_t i = 0; i < findings.process.super().arena_count; ++i) check_arena(findings, i);
}

void check_purges(Findings& findings) {
  const PurgeTable& table = findings.process.purges();
  const Looking looking(findings, findings.process.purges().lock, "the purges");
  if (!looking) return;
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

void check_learning(Findings& findings, uint32_t shard_index) {
  const Process& process = findings.process;
  const Boundary& boundary = process.shard(shard_index).boundary;
  if (boundary.share < share_min || boundary.share > share_max) {
    findings.breach("shard {} has a boundary at {}", shard_index, boundary.share);
  }
  // They may be from a time when the cache was larger.
  const Superblock& super = process.super();
  const uint64_t units = uint64_t{super.page_count} * units_per_page / super.shard_count;
  if (boundary.lost[0] + boundary.lost[1] > units) {
    findings.breach("shard {} has lost {} and {} units of {}", shard_index, boundary.lost[0],
                    boundary.lost[1], units);
  }
  if (process.super().literal_lru != 0) return;
  const auto cells = ghosts_of(process, shard_index).cells();
  const auto strange = std::count_if(cells.begin(), cells.end(),
                                     [](const auto& cell) { return !Ghosts::valid(cell.load()); });
  if (strange > 0) findings.breach("shard {} has {} ghosts without a name", shard_index, strange);
}

}  // namespace ringwall::cache
