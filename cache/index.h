// The index: hash buckets of chained entries. Free functions; all but the hashes need the
// section of the shard that the bucket belongs to. In its chain an entry stands before those that
// were put there earlier: of the responses of a key the first one is the youngest.
#pragma once

#include <string_view>

#include "cache/layout.h"

namespace ringwall::cache {

class Process;

/// Of any text, under the segment's secret: who does not know it cannot make texts that agree.
uint64_t hash_text(const Superblock& super, std::string_view text);
/// Of the key. 32 bits are enough: the full key is compared anyway.
inline uint32_t hash_key(const Superblock& super, std::string_view key) {
  return static_cast<uint32_t>(hash_text(super, key) >> 32);
}

/// Whether `entry` is of the key; hidden fills (a purge met them) are of no key any more.
inline bool matches(const Entry& entry, uint32_t hash, std::string_view key) {
  return entry.hash == hash && key_of(entry) == key && !is_marked(entry, mark::hidden);
}

/// The first entry of the key at or behind `from` in its chain, or 0.
Ref find_in_chain(const Process& process, Ref from, uint32_t hash, std::string_view key);

/// Puts `entry` first into its bucket's chain; takes it out of it.
void link_chain(Process& process, Section& section, Entry& entry);
void unlink_chain(Process& process, Section& section, Entry& entry);

}  // namespace ringwall::cache
