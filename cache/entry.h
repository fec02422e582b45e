// An entry: a stored response, a fill under way or a marker of one key, and what lies behind it in
// its own run. The same key may have several: variants, each with selectors of its own.
//
//   own run:  | Entry 120 B | key | described | Extension 24 B | tags | selectors | head | content
//   |
//
// `described` are the selectors of the request that began the fill, as the rules wrote them by the
// model of another response of the key; the Extension (8-aligned) is there where the shape says so.
// From the tags on it is the object's data. It lies in the own run when all of it fits there or its
// length is not known ahead (shape::in_run; content then goes on in extents of the table), else in
// extents from Extension::first on. `selectors` are left out when they are the described ones.
//
//   Extension.table ─► Piece 0 {next, 6 cells} ─► Piece 1 {next, 14 cells} ─► …  each an extent
//
// A renewed response has a head of its own but the content of an older entry, which its
// Extension::body names. That entry counts its sharers and stays in limbo until the last of them is
// taken apart, which inherits it: body then owns its run. A body never has a body.
//
// The life of an entry (State), and under what it moves:
//
//            publish           begin_head (filler, no lock)        finish
//   (raw) ───────────► waiting ───────────► filling ──────────────────────► live
//                         │  └────────────────┤ abandon / filler died         │ evict, purge,
//                         │ uncacheable       ▼                               ▼ replace
//                         └──► marker      abandoned                       removed
//                                 └──► unmarked
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache/facts.h"
#include "cache/units.h"

namespace ringwall::cache {

enum class State : uint8_t {
  waiting = 1,  // a fill without a head yet
  filling,      // head there, content grows
  live,         // complete, may be found
  marker,       // remembered as uncacheable until `until`
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

/// Bits of Entry::marks: what purges left.
namespace mark {
inline constexpr uint8_t hidden = 1;  // a purge met the fill: not stored, found by nobody
inline constexpr uint8_t soft = 2;    // stale whatever its facts say
}  // namespace mark

/// Bits of Entry::shape: where the data lies.
namespace shape {
inline constexpr uint8_t in_run = 1;     // it begins in the own run, else in Extension::first
inline constexpr uint8_t extended = 2;   // there is an Extension
inline constexpr uint8_t described = 4;  // the response's selectors are the described ones
}  // namespace shape

//  byte  0       8     12    16      24           40   44   46   48 49 50 51   52  56     60   64
//        │ node  │chain│hash │ stamp │ pins[2]    │hits│key │own │st│li│ma│sh│ link│checked│head│
//  byte  64      68              96          104              112     114       116       118 119
//        │charged│ facts         │ available │ content_length │sharers│described│selectors│tags │
struct Entry {
  Node node;                        // shard lock
  Ref chain;                        // shard lock: the next entry of the bucket
  uint32_t hash;                    // fixed: of the key
  uint64_t stamp;                   // shard lock, not logged: monotonic ns of the last use
  std::atomic<uint64_t> pins[2];    // set under the shard lock, cleared by anybody; not logged
  uint32_t hits;                    // shard lock, not logged
  uint16_t key_length;              // fixed
  uint16_t own_units;               // arena lock, by the filler before the end: its run's length
  std::atomic<State> state;         // shard lock; waiting → filling by the filler without it
  ListName list;                    // shard lock
  std::atomic<uint8_t> marks;       // set by purges under the shard lock, by the filler; not logged
  std::atomic<uint8_t> shape;       // filler, before `filling`
  std::atomic<uint32_t> link;       // of fills: fixed, pack_link(slot, ticket) of who made it; of
                                    // markers: until when, and of live ones: until when refreshing
                                    // is held off (wall seconds, not logged)
  uint32_t checked;                 // shard lock, not logged: purges up to this epoch were applied
  uint32_t head_length;             // filler, before `filling`
  uint32_t charged_units;           // filler, before the end: units of all its runs and its body's
  Facts facts;                      // filler, before `filling`
  std::atomic<uint64_t> available;  // filler: content bytes that may be read
  std::atomic<uint64_t> content_length;  // filler; unknown_length until known
  uint16_t sharers;                      // shard lock: entries whose body this is
  uint16_t described_length;             // fixed
  uint16_t selectors_length;             // filler, before `filling`
  uint8_t tags;                          // filler, before `filling`: how many
  uint8_t reserved;
};
static_assert(sizeof(Entry) == 120);
static_assert(offsetof(Entry, node) == 0);
static_assert(offsetof(Entry, stamp) == 16);
static_assert(offsetof(Entry, pins) == 24);
static_assert(offsetof(Entry, state) == 48);
static_assert(offsetof(Entry, checked) == 56);
static_assert(offsetof(Entry, charged_units) == 64, "a miss reads the first line, then the key");
static_assert(offsetof(Entry, facts) == 68);
static_assert(offsetof(Entry, available) == 96);
static_assert(offsetof(Entry, sharers) == 112);

inline constexpr uint64_t unknown_length = ~uint64_t{0};
inline constexpr uint16_t sharers_max = 65535;

/// Entry::link of a fill.
constexpr uint32_t pack_link(unsigned slot, unsigned ticket) {
  return slot << 16 | ticket;
}

inline unsigned slot_of(uint32_t link) {
  return link >> 16;
}
inline unsigned ticket_of(const Entry& fill) {
  return fill.link.load(std::memory_order_relaxed) & 0xffff;
}

struct Extension {
  Cell first;  // arena lock: the extent that begins with the data, when that is not in the own run
  Cell table;  // arena lock, shard lock: the first piece of the table of extents
  Cell body;   // shard lock: the entry that has the content, with 0 units; when this entry is taken
               // apart with the body's units: owns the body's own run
};
static_assert(sizeof(Extension) == 24);

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

inline std::string_view key_of(const Entry& entry) {
  return {reinterpret_cast<const char*>(&entry + 1), entry.key_length};
}
inline std::string_view described_of(const Entry& entry) {
  return {reinterpret_cast<const char*>(&entry + 1) + entry.key_length, entry.described_length};
}
/// Bytes of the own run up to the end of `described`.
inline uint64_t fixed_bytes(const Entry& entry) {
  return sizeof(Entry) + entry.key_length + entry.described_length;
}
constexpr uint64_t extension_offset(uint64_t fixed) {
  return (fixed + 7) & ~uint64_t{7};
}
constexpr uint64_t extended_bytes(uint64_t fixed) {
  return extension_offset(fixed) + sizeof(Extension);
}

inline bool has(const Entry& entry, uint8_t shape) {
  return (entry.shape.load(std::memory_order_acquire) & shape) != 0;
}
/// Requires: shape::extended, or the filler that is about to set it.
inline Extension& extension(Entry& entry) {
  return *reinterpret_cast<Extension*>(reinterpret_cast<std::byte*>(&entry) +
                                       extension_offset(fixed_bytes(entry)));
}
inline const Extension& extension(const Entry& entry) {
  return extension(const_cast<Entry&>(entry));
}
/// Where in the own run data with shape::in_run begins.
inline uint64_t data_offset(const Entry& entry) {
  const uint64_t fixed = fixed_bytes(entry);
  return has(entry, shape::extended) ? extended_bytes(fixed) : fixed;
}

inline bool is_marked(const Entry& entry, uint8_t marks) {
  return (entry.marks.load(std::memory_order_relaxed) & marks) != 0;
}

}  // namespace ringwall::cache
