#include <algorithm>
#include <bit>

#include "cache/arena.h"
#include "cache/findings.h"
#include "cache/learn.h"

namespace ringwall::cache {
namespace {

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
  if (page.bin != bin_of(longest)) findings.breach("page {} is in the wrong bin", index);
  uint32_t differ = 0;
  for (unsigned w = 0; w < units_per_page / 64; ++w) {
    const uint64_t at = uint64_t{index} * units_per_page / 64 + w;
    if (at < findings.owned.size())
      differ += static_cast<uint32_t>(std::popcount(findings.owned[at] ^ page.used[w]));
  }
  if (differ > 0)
    findings.owner_breach("page {}: {} units are used without an owner or owned but free", index,
                          differ);
}

void check_arena(Findings& findings, uint32_t index) {
  Arena& arena = findings.process.arena(index);
  const Looking looking(findings, arena.lock, "arena {}", index);
  if (!looking) return;
  uint64_t pages = 0;
  uint64_t free = 0;
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
      if (findings.process.page(p).bin != bin || findings.process.page(p).previous != previous ||
          p % findings.process.super().arena_count != index) {
        findings.breach("page {} is linked wrongly", p);
      }
      free += findings.process.page(p).free;
      previous = p;
      check_page(findings, p);
    }
  }
  if (pages != arena.pages.load()) findings.breach("arena {} has lost pages", index);
  if (free != arena.free_units.load())
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
  const uint64_t arena_end = uint64_t{super.first_page} * unit_bytes + super.arena_bytes;
  const bool fits = super.first_page * unit_bytes == prelude->control_bytes &&
                    super.arena_bytes == uint64_t{super.page_count} * page_bytes &&
                    arena_end <= prelude->segment_bytes &&
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
  if (boundary.lost[0] + boundary.lost[1] > process.shard_units()) {
    findings.breach("shard {} has lost {} and {} units of {}", shard_index, boundary.lost[0],
                    boundary.lost[1], process.shard_units());
  }
  if (process.super().literal_lru != 0) return;
  const auto cells = ghosts_of(process, shard_index).cells();
  const auto strange = std::count_if(cells.begin(), cells.end(),
                                     [](const auto& cell) { return !Ghosts::valid(cell.load()); });
  if (strange > 0) findings.breach("shard {} has {} ghosts without a name", shard_index, strange);
}

}  // namespace ringwall::cache
