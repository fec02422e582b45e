// The segment's layout: everything that processes of different builds may meet in shared memory.
//
//   0         4 KiB            control_bytes                                             end
//   | Prelude | control area   | page 0 | page 1 | …                      arena of 64 KiB pages |
//              built once with Boost.Interprocess: Superblock, shards, tail stamps, buckets,
//              arenas, page records, slots, tickets; of fixed structure afterwards
//
// Nothing here holds a pointer (Boost's offset_ptr in the Superblock apart). A Ref is the number of
// a 64-byte unit counted from the base, 0 is none; a Run is a row of units inside one page; a Cell
// is a place that owns a run. Who may write: fields are written inside a Section of the lock named,
// or by the one process named.
//
// An object: its Entry with the key is one run, head and content begin in the first extent and go
// on in further extents listed in pieces of a table.
//
//   Entry run: | Entry 192 B | key |          first extent: | head | content … |
//   Entry.table ─► Piece 0 {next, 6 cells} ─► Piece 1 {next, 14 cells} ─► …  each cell an extent
//
// The life of an entry (State), and under what it moves:
//
//            publish           begin_head (filler, no lock)        finish
//   (raw) ───────────► waiting ───────────► filling ──────────────────────► live
//                         │  └────────────────┤ abandon / filler died         │ evict, purge,
//                         replace │ uncacheable       ▼                               ▼ └──► marker
//                         abandoned                       removed
//                                 └──► unmarked
//
// Invariants, checked by Store::verify:
//  1. Every unit of an active page is either free in its page's map or belongs to exactly one cell:
//     of an entry (its own run, `first`, `table`, a piece's cells), a ticket's `raw`, a slot's
//     `reclaim`.
//  2. An entry in state waiting, filling, live or marker is in the chain of its bucket; one in
//     state abandoned, removed or unmarked is in its shard's limbo list or in a slot's `reclaim`.
//  3. live and marker entries are in one LRU list of their shard, others in none.
//  4. A waiting or filling entry is named by exactly one ticket, and the ticket by it.
//  5. A pin counts only while its slot's bit is in Superblock::alive; a bit of a slot that is not
//     alive and not dirty is set nowhere.
//  6. A page is in the bin of its longest free run; counts of shards, lists and arenas are exact.
//  7. No section holds a second lock, and none relies on a slot's cells before every lock that the
//     slot's dead owner may have held was settled.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/interprocess/offset_ptr.hpp>
#include <boost/version.hpp>
#include <cstddef>
#include <cstdint>

#include "cache/lock.h"
#include "cache/store.h"
#include "daemon/base/limits.h"

namespace ringwall::cache {

using Ref = uint32_t;

inline constexpr uint64_t unit_bytes = 64;
inline constexpr uint64_t page_bytes = 64 * 1024;
inline constexpr uint32_t units_per_page = page_bytes / unit_bytes;
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
// Head and content up to this are always one extent.
inline constexpr uint64_t small_bytes_max = 16 * 1024;
inline constexpr uint32_t short_extent_units = 4096 / unit_bytes;
inline constexpr size_t key_bytes_max = 32 * 1024;
inline constexpr uint64_t unknown_length = ~uint64_t{0};
// Lists shorter than this keep the exact order; longer ones move an entry only when it aged more
// than a tenth of the list's tail: 0.0003 of the hit ratio for a half of the moves.
inline constexpr uint32_t exact_list_max = 1024;

struct Run {
  uint32_t unit = 0;
  uint32_t units = 0;
  explicit operator bool() const { return units != 0; }
};
/// Owns a run, or is 0. Readable without a lock, for followers.
using Cell = std::atomic<uint64_t>;
constexpr uint64_t pack(Run run) {
  return uint64_t{run.units} << 32 | run.unit;
}
constexpr Run unpack(uint64_t bits) {
  return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)};
}

/// Links of a circular list; first in Entry and in List, which is the list's sentinel.
struct Node {
  Ref next;
  Ref previous;
};

enum class State : uint8_t {
  waiting = 1,  // a fill without a head yet
  filling,      // head there, content grows
  live,         // complete, may be found
  marker,       // remembered as uncacheable until `marked_until`
  abandoned,    // a fill that ended early
  removed,      // was live, or completed after a purge: complete, but not to be found
  unmarked,     // was a marker
};
constexpr bool is_dead(State state) {
  return state >= State::abandoned;
}
constexpr bool is_fill(State state) {
  return state == State::waiting || state == State::filling;
}

enum class ListName : uint8_t { none, probation, protected_, limbo };

//  byte  0       8     12    16      24      32            48    52   54  55 56   58  60    64
//        │ node  │chain│units│ hash  │ stamp │ pins[2]     │hits │key │st │li│fill│tick│head │
//  byte  64        72        80             88     92      96          104   112   120   124 128
//        │ variant │available│content_length│units │hidden │marked_until│first│table│extents│  │
//  byte 128 … 191  facts, then the key
struct Entry {
  Node node;                             // shard lock
  Ref chain;                             // shard lock: the next entry of the bucket
  uint32_t own_units;                    // fixed: length of the run that begins here
  uint64_t hash;                         // fixed: of the key
  uint64_t stamp;                        // shard lock, not logged: monotonic ns of the last use
  std::atomic<uint64_t> pins[2];         // set under the shard lock, cleared by anybody; not logged
  uint32_t hits;                         // shard lock, not logged
  uint16_t key_length;                   // fixed
  std::atomic<State> state;              // shard lock; waiting → filling by the filler without it
  ListName list;                         // shard lock
  uint16_t filler;                       // fixed: slot …
  uint16_t ticket;                       // … and ticket of the fill that made it
  uint32_t head_length;                  // filler, before `filling`
  uint64_t variant;                      // fixed: hash of the request's selecting fields; 0: none
  std::atomic<uint64_t> available;       // filler: content bytes that may be read
  std::atomic<uint64_t> content_length;  // filler; unknown_length until known
  uint32_t charged_units;                // filler, before the end: units of all its runs
  std::atomic<uint32_t> hidden;          // shard lock: a purge met the fill: it will not be stored
  int64_t marked_until;                  // shard lock: wall seconds
  Cell first;                            // arena lock: the extent that begins with the head
  Cell table;                            // arena lock, shard lock: the first piece
  uint32_t extents;                      // filler: cells used in the table, for verify and walks
  uint32_t reserved;
  Facts facts;  // filler, before `filling`
};
static_assert(sizeof(Entry) == 192);
static_assert(offsetof(Entry, node) == 0);
static_assert(offsetof(Entry, hash) == 16);
static_assert(offsetof(Entry, pins) == 32);
static_assert(offsetof(Entry, state) == 54);
static_assert(offsetof(Entry, head_length) == 60, "a lookup reads the first line, then the key");
static_assert(offsetof(Entry, variant) == 64);
static_assert(offsetof(Entry, first) == 104);
static_assert(offsetof(Entry, facts) == 128);
static_assert(Cell::is_always_lock_free && sizeof(Cell) == 8);

/// A part of an entry's table of extents. Pieces double (1, 2, 4 … 512 units) and never move.
struct Piece {
  Cell next;
  uint32_t capacity;  // fixed: cells that follow
  uint32_t reserved;
  Cell* cells() { return reinterpret_cast<Cell*>(this + 1); }
  const Cell* cells() const { return reinterpret_cast<const Cell*>(this + 1); }
};
static_assert(sizeof(Piece) == 16);
inline constexpr uint32_t piece_units_max = 512;

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
  uint32_t reserved;
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
  alignas(64) boost::interprocess::offset_ptr<Shard> shards;
  boost::interprocess::offset_ptr<std::atomic<uint64_t>> tails;  // stamp of each shard's victim
  boost::interprocess::offset_ptr<Ref> buckets;
  boost::interprocess::offset_ptr<Arena> arenas;
  boost::interprocess::offset_ptr<PageRecord> pages;
  boost::interprocess::offset_ptr<Slot> slots;
  boost::interprocess::offset_ptr<Ticket> tickets;
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
inline constexpr uint64_t layout_revision = 1;
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
                            offsetof(Entry, chain),
                            offsetof(Entry, stamp),
                            offsetof(Entry, hits),
                            offsetof(Entry, filler),
                            offsetof(Entry, available),
                            offsetof(Entry, charged_units),
                            offsetof(Entry, marked_until),
                            offsetof(Entry, first),
                            offsetof(Entry, facts),
                            sizeof(Facts),
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
                            offsetof(Superblock, tickets),
                            static_cast<uint64_t>(__BYTE_ORDER__)};
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const uint64_t fact : facts) {
    for (int shift = 0; shift < 64; shift += 8)
      hash = (hash ^ (fact >> shift & 255)) * 1099511628211u;
  }
  return hash;
}

}  // namespace ringwall::cache
