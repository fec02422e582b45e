#include "cache/learn.h"

#include "cache/index.h"
#include "cache/object.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

// Of its own for each variant of a key.
uint32_t name_of(const Process& process, const Entry& entry) {
  const std::string_view selectors = selectors_of(process, entry);
  if (selectors.empty()) return entry.hash;
  return entry.hash ^ static_cast<uint32_t>(hash_text(process.super(), selectors));
}

}  // namespace

Ghosts ghosts_of(const Process& process, uint32_t shard_index) {
  const Superblock& super = process.super();
  const uint64_t cells = super.ghost_cells / super.shard_count;
  return Ghosts(std::span(super.ghosts.get() + shard_index * cells, cells));
}

ListName admit(Process& process, Section& section, Shard& shard, const Entry& entry) {
  if (process.super().literal_lru != 0) return ListName::probation;
  Boundary& boundary = shard.boundary;
  const uint64_t shard_units = process.shard_units();
  Ghosts ghosts = ghosts_of(process, process.shard_index(entry.hash));
  const Ghosts::Name name = ghosts.take(name_of(process, entry), tick_of(boundary, shard_units));
  if (name == Ghosts::Name::unknown) return ListName::probation;
  process.count(Count::returned);
  const bool used = name == Ghosts::Name::used;
  section.set(boundary.share, share_after(boundary, used, entry.charged_units, shard_units));
  return ListName::protected_;
}

void note_eviction(Process& process, Section& section, Shard& shard, const Entry& entry) {
  if (process.super().literal_lru != 0) return;
  Boundary& boundary = shard.boundary;
  const uint64_t shard_units = process.shard_units();
  const bool used = entry.list == ListName::protected_;
  Ghosts ghosts = ghosts_of(process, process.shard_index(entry.hash));
  ghosts.note(name_of(process, entry), used, tick_of(boundary, shard_units));
  const auto lost = lost_after(boundary, used, entry.charged_units, shard_units);
  section.set(boundary.lost[0], lost[0]);
  section.set(boundary.lost[1], lost[1]);
  section.add(boundary.evicted, entry.charged_units);
}

}  // namespace ringwall::cache
