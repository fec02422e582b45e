// The segment's layout: everything that processes of different builds may meet in shared memory.
//
//   0         4 KiB            control_bytes                                             end
//   | Prelude | control area   | page 0 | page 1 | …                      arena of 64 KiB pages |
//              built once with Boost.Interprocess: Superblock, shards, tail stamps, buckets,
//              arenas, page records, slots, tickets, purges, uses; of fixed structure later
//
// Nothing here holds a pointer (Boost's offset_ptr in the Superblock apart), see cache/units.h. Who
// may write: fields are written inside a Section of the lock named, or by the one process named.
//
// Entries, and what lies behind them, are drawn in cache/entry.h.
//
// Invariants, checked by Store::verify:
//  1. Every unit of an active page is either free in its page's map or belongs to exactly one cell:
//     of an entry (its own run, `first`, `table`, a piece's cells, an inherited `body`), a ticket's
//     `raw`, a slot's `reclaim`.
//  2. An entry in state waiting, filling, live or marker is in the chain of its bucket; one in
//     state abandoned, removed or unmarked is in its shard's limbo list or in a slot's `reclaim`.
//  3. live and marker entries are in one LRU list of their shard, others in none.
//  4. A waiting or filling entry is named by exactly one ticket, and the ticket by it.
//  5. A pin counts only while its slot's bit is in Superblock::alive; a bit of a slot that is not
//     alive and not dirty is set nowhere.
//  6. A page is in the bin of its longest free run; counts of shards, lists and arenas are exact.
//  7. An entry's `sharers` counts the entries, in chains and limbo, that name it as their body;
//  they
//     are of the same key, and it has no body itself. With sharers it is not taken apart.
//  8. The counts of the purge table are exact, and no entry was checked up to an epoch yet to come.
//  9. No section holds a second lock, and none relies on a slot's cells before every lock that the
//     slot's dead owner may have held was settled.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/interprocess/offset_ptr.hpp>
#include <boost/version.hpp>
#include <cstddef>
#include <cstdint>

#include "cache/entry.h"
#include "cache/lock.h"
#include "cache/purge_table.h"
#include "cache/store.h"
#include "daemon/base/limits.h"

namespace ringwall::cache {

inline constexpr uint64_t prelude_bytes = 4096;
// 2^32 units; leaves the top GiB to the control area.
inline constexpr uint64_t arena_bytes_max = uint64_t{255} << 30;
inline constexpr uint64_t arena_bytes_min = uint64_t{1} << 20;
inline constexpr unsigned slots_max = base::slots_max;
// Masters: the one that serves, one that takes over, and the threads of theirs that walk or purge.
inline constexpr unsigned observers_max = 8;
// Fills a worker may have under way.
inline constexpr unsigned tickets_max = 1024;
inline constexpr unsigned counters_max = 16;
inline constexpr unsigned bins_max = 41;
inline constexpr uint32_t no_page = ~uint32_t{0};
// Head and content up to this are in one piece where the length is known ahead, if there is one.
inline constexpr uint64_t small_bytes_max = 16 * 1024;
// Taken behind the key with each permit where there is so much in a row: what fits needs no extent.
inline constexpr uint32_t permit_units = 4096 / unit_bytes;
inline constexpr uint32_t short_extent_units = 4096 / unit_bytes;
// Where a cache of small objects has no longer runs for the first large ones: as small objects are.
inline constexpr uint32_t shred_units = 1024 / unit_bytes;
inline constexpr size_t key_bytes_max = 32 * 1024;
// Lists shorter than this keep the exact order; longer ones move an entry only when it aged more
// than a tenth of the list's tail: 0.0003 of the hit ratio for a half of the moves.
inline constexpr uint32_t exact_list_max = 1024;

/// A list's sentinel and sums. Order: from the sentinel's `next`, youngest first.
struct alignas(64) List {
  Node node;
  uint32_t count;
  uint32_t reserved;
  uint64_t units;
};
static_assert(sizeof(List) == 64 && offsetof(List, node) == 0);

struct alignas(64) Shard {
  Lock lock;
  List probation;
  List protected_;
  List limbo;
  // Read without the lock at each unpin, written seldom: on its own line.
  alignas(64) std::atomic<uint64_t> limbo_adds;
  // Sums, shard lock.
  alignas(64) uint64_t objects;
  uint64_t content_bytes;
  uint64_t filling;
  uint64_t markers;
};

/// A page's map of units: bit set = used. Arena lock.
struct PageRecord {
  uint64_t used[units_per_page / 64];
  uint16_t free;     // units
  uint16_t longest;  // free run
  uint16_t bin;      // where it is linked; bins_max: nowhere
  uint16_t reserved;
  uint32_t next;  // in the bin
  uint32_t previous;
};
static_assert(sizeof(PageRecord) == 144);

struct alignas(64) Arena {
  Lock lock;
  std::atomic<uint64_t> occupied;  // bins that are not empty; a hint outside the lock
  std::atomic<uint64_t> free_units;
  std::atomic<uint64_t> pages;
  uint32_t bins[bins_max];  // first page
};

/// A worker's handle on one fill. `raw` owns a run that no entry names yet; `entry` is the fill
/// that was published. Written by the worker's sections, or a recoverer's after its death.
struct Ticket {
  Cell raw;
  std::atomic<Ref> entry;
  std::atomic<uint32_t> epoch;       // the fill was tested by purges up to this one
  std::atomic<uint64_t> waiting[2];  // slots whose followers want to be woken
};
static_assert(sizeof(Ticket) == 32);

struct alignas(64) Slot {
  pthread_mutex_t life;         // robust; held from attach to death
  std::atomic<uint32_t> dirty;  // 1 from attach until detached cleanly or recovered
  uint32_t reserved;
  std::atomic<uint64_t> pinned;  // entries it pins, for usage
  // The run of a dead entry that this slot takes apart; may be resumed by a recoverer.
  alignas(64) Cell reclaim;
  // Written by others: rung and not yet answered.
  alignas(64) std::atomic<uint32_t> pending;
  // One writer each; they go on counting when the slot is used again, so that sums never fall.
  alignas(64) std::atomic<uint64_t> counters[counters_max];
};

struct Superblock {
  uint64_t arena_bytes;
  uint32_t page_count;
  uint32_t shard_count;
  uint32_t bucket_count;
  uint32_t arena_count;
  Ref first_page;  // unit of page 0
  uint32_t literal_lru;
  uint32_t huge_pages;                         // advise huge pages on mapping
  std::atomic<uint32_t> active_pages;          // reserved and given to the arenas
  unsigned char secret[192];                   // keys the hash
  alignas(64) std::atomic<uint64_t> alive[2];  // slots whose pins count
  std::atomic<uint32_t> epoch;                 // of the last purge by prefix, tag or all
  alignas(64) boost::interprocess::offset_ptr<Shard> shards;
  boost::interprocess::offset_ptr<std::atomic<uint64_t>> tails;  // stamp of each shard's victim
  boost::interprocess::offset_ptr<Ref> buckets;
  boost::interprocess::offset_ptr<Arena> arenas;
  boost::interprocess::offset_ptr<PageRecord> pages;
  boost::interprocess::offset_ptr<Slot> slots;
  boost::interprocess::offset_ptr<Ticket> tickets;
  boost::interprocess::offset_ptr<PurgeTable> purges;
  boost::interprocess::offset_ptr<std::atomic<uint32_t>> uses;  // cells of the UseCounter
  uint64_t use_cells;
};

/// The named object of the control area.
struct Directory {
  boost::interprocess::offset_ptr<Superblock> super;
};

/// At offset 0, readable by any build: says whether the rest may be read.
struct Prelude {
  uint64_t magic;
  uint64_t layout;
  uint64_t segment_bytes;
  uint64_t control_bytes;
};
static_assert(sizeof(Prelude) <= prelude_bytes);
inline constexpr uint64_t segment_magic = 0x6c6c6177676e6972;  // "ringwall", little end first
// Raise when the meaning of a field changes but no size or offset does.
inline constexpr uint64_t layout_revision = 5;
inline constexpr uint64_t no_tail = ~uint64_t{0};

constexpr uint64_t compute_layout_version() {
  const uint64_t facts[] = {layout_revision,
                            BOOST_VERSION,
                            sizeof(void*),
                            sizeof(pthread_mutex_t),
                            unit_bytes,
                            page_bytes,
                            prelude_bytes,
                            slots_max,
                            observers_max,
                            tickets_max,
                            counters_max,
                            bins_max,
                            undo_records_max,
                            sizeof(Lock),
                            offsetof(Lock, log),
                            sizeof(Entry),
                            offsetof(Entry, hash),
                            offsetof(Entry, stamp),
                            offsetof(Entry, hits),
                            offsetof(Entry, own_units),
                            offsetof(Entry, shape),
                            offsetof(Entry, link),
                            offsetof(Entry, checked),
                            offsetof(Entry, charged_units),
                            offsetof(Entry, facts),
                            offsetof(Entry, available),
                            offsetof(Entry, described_length),
                            sizeof(Facts),
                            sizeof(Extension),
                            sizeof(Piece),
                            sizeof(List),
                            sizeof(Shard),
                            offsetof(Shard, limbo),
                            offsetof(Shard, objects),
                            sizeof(PageRecord),
                            offsetof(PageRecord, next),
                            sizeof(Arena),
                            offsetof(Arena, bins),
                            sizeof(Ticket),
                            offsetof(Ticket, waiting),
                            sizeof(Slot),
                            offsetof(Slot, reclaim),
                            offsetof(Slot, counters),
                            sizeof(Superblock),
                            offsetof(Superblock, active_pages),
                            offsetof(Superblock, secret),
                            offsetof(Superblock, alive),
                            offsetof(Superblock, epoch),
                            offsetof(Superblock, tickets),
                            offsetof(Ticket, epoch),
                            sizeof(PurgeTable),
                            offsetof(PurgeTable, sweeping),
                            offsetof(PurgeTable, objects),
                            offsetof(PurgeTable, tag),
                            static_cast<uint64_t>(__BYTE_ORDER__)};
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const uint64_t fact : facts) {
    for (int shift = 0; shift < 64; shift += 8)
      hash = (hash ^ (fact >> shift & 255)) * 1099511628211u;
  }
  return hash;
}

}  // namespace ringwall::cache
