// The pending purges: records of purges by prefix, tag and all that may still concern a response.
//
// A purge writes its record, then raises Superblock::epoch. An entry remembers the epoch up to
// which purges were applied to it (Entry::checked); who meets one that is behind tests it against
// the records, which are read without a lock: a record of an epoch that a reader has seen is
// complete, and one is cleared only when it can concern nothing any more (Store::sweep).
//
// The epoch is raised outside the undo log, as the last step of the section: a number once seen is
// never given to another purge, or entries checked up to it would miss that one.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "cache/lock.h"

namespace ringwall::cache {

inline constexpr unsigned pending_prefixes_max = 64;
inline constexpr unsigned pending_tags_max = 4096;
inline constexpr unsigned tag_places = 2 * pending_tags_max;
// Places after its home where a tag may stand.
inline constexpr unsigned tag_probes_max = 64;

/// Epochs of the last purges of one subject, hard and soft; 0: none.
struct Epochs {
  uint32_t hard = 0;
  uint32_t soft = 0;
};
constexpr uint64_t pack_epochs(Epochs epochs) {
  return uint64_t{epochs.hard} << 32 | epochs.soft;
}
constexpr Epochs unpack_epochs(uint64_t bits) {
  return {static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits)};
}
/// Epochs go around; two that are compared are never far apart.
constexpr bool is_newer(uint32_t epoch, uint32_t than) {
  return epoch != 0 && static_cast<int32_t>(epoch - than) > 0;
}

/// Of a prefix only its length and hash are kept: with the segment's secret they are as good.
struct PrefixPurge {
  std::atomic<uint64_t> epochs;  // 0: free
  std::atomic<uint64_t> hash;
  std::atomic<uint32_t> length;
  uint32_t reserved;
};
static_assert(sizeof(PrefixPurge) == 24);

/// Open addressing with marks where a tag was cleared.
struct TagPurge {
  static constexpr uint64_t free = 0;
  static constexpr uint64_t cleared = 1;
  std::atomic<uint64_t> tag;
  std::atomic<uint64_t> epochs;
};
static_assert(sizeof(TagPurge) == 16);

struct alignas(64) PurgeTable {
  Lock lock;
  // Lock of the table; read without it.
  alignas(64) std::atomic<uint64_t> all;
  std::atomic<uint32_t> prefixes;  // records lie in so many first places
  std::atomic<uint32_t> tags;      // records
  std::atomic<uint32_t> pending;   // records of all kinds
  // Who walks. Robust; held while it does.
  alignas(64) pthread_mutex_t sweeping;
  std::atomic<uint32_t> swept;  // the epoch up to which the whole cache was walked
  // What lookups took out or marked and no sweep has told yet.
  alignas(64) std::atomic<uint64_t> objects;
  std::atomic<uint64_t> bytes;
  PrefixPurge prefix[pending_prefixes_max];
  TagPurge tag[tag_places];
};

}  // namespace ringwall::cache
