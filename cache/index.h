// The index: hash buckets of chained entries. Free functions; all but hash_key and key_of need the
// section of the shard that the bucket belongs to. The fill of a key stands in the chain before the
// entry that it will replace, so that the first match is the one that counts.
#pragma once

#include <string_view>

#include "cache/layout.h"

namespace ringwall::cache {

class Process;

/// Of the key, under the segment's secret: who does not know it cannot make chains long.
uint64_t hash_key(const Superblock& super, std::string_view key);

inline std::string_view key_of(const Entry& entry) {
  return {reinterpret_cast<const char*>(&entry + 1), entry.key_length};
}

/// Whether `entry` is of the key; hidden fills (a purge met them) are of no key any more.
inline bool matches(const Entry& entry, uint64_t hash, std::string_view key) {
  return entry.hash == hash && key_of(entry) == key &&
         entry.hidden.load(std::memory_order_relaxed) == 0;
}

/// The first entry of the key at or behind `from` in its chain, or 0.
Ref find_in_chain(const Process& process, Ref from, uint64_t hash, std::string_view key);

/// Puts `entry` first into its bucket's chain; takes it out of it.
void link_chain(Process& process, Section& section, Entry& entry);
void unlink_chain(Process& process, Section& section, Entry& entry);

}  // namespace ringwall::cache
