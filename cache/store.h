// The face of the shared response cache: one segment of shared memory, mapped by every worker,
// that maps keys to stored responses in LRU order.
//
// One Store object per process and thread. All calls return within `busy_wait_max` (5 ms) whatever
// other processes do; none allocates from the heap on the hit path, waits, or throws. A caller that
// must wait (for a fill's progress) does so outside, woken through the eventfd of its worker slot:
// `cache/` holds no co_await, so no lock can be held across a suspension.
//
// Handles (Hit, Fill, Follow) are move-only and release what they hold when they go. They must be
// gone before the Store is.
//
// Design: DESIGN section 6; the states and locks are drawn in cache/layout.h.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::cache {

class Process;  // the mapping and this process's slot; cache/process.h
struct Entry;

/// What the caching rules keep of a response beside its head and content; the store carries it and
/// reads none of it, but for `purged_soft`. 64 bytes, no pointers: it lives in the segment.
struct Facts {
  int64_t response_time_s = 0;     // wall clock when the response was received
  uint32_t age_at_response_s = 0;  // corrected_initial_age of RFC 9111 section 4.2.3
  uint32_t lifetime_s = 0;         // freshness lifetime of RFC 9111 section 4.2.1
  uint32_t stale_while_revalidate_s = 0;
  uint32_t stale_if_error_s = 0;
  uint16_t status = 0;
  uint16_t flags = 0;        // meaning belongs to daemon/caching
  uint32_t head_age_at = 0;  // reserved for daemon/caching: offsets into the stored head
  uint64_t reserved[4] = {};
};
static_assert(sizeof(Facts) == 64);

/// Why there is no hit, no permit and no fill to follow: the request passes by the cache.
enum class Busy : uint8_t {
  lock,     // a lock could not be had in time
  tickets,  // this worker fills as much as it may at once
  marked,   // the key is remembered as uncacheable for a while: do not collapse
  room,     // no room even for the key: all is pinned, or the key is longer than any may be
};

/// A stored response, pinned: head and content stay where they are until the Hit goes.
class Hit {
 public:
  Hit(Hit&&) noexcept;
  Hit& operator=(Hit&&) noexcept;
  ~Hit();

  const Facts& facts() const;
  /// The stored head as begin_head gave it, contiguous.
  std::string_view head() const;
  uint64_t content_length() const;
  /// Fills `out` with the content's pieces from `offset` on, at most `length` bytes; how many were
  /// filled. Fewer bytes than asked mean: call again with a later offset.
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  uint64_t hits() const;

 private:
  friend class Store;
  Hit(Process* process, Entry* entry) : process_(process), entry_(entry) {}
  void release();
  Process* process_;
  Entry* entry_;
};

class Follow;

/// The permit to fill a key. Dropped without finish() it is an abandoned fill: a follower takes
/// over, or followers learn that it ended.
class Fill {
 public:
  Fill(Fill&&) noexcept;
  Fill& operator=(Fill&&) noexcept;
  ~Fill();

  /// Publishes head and facts: followers see them from now on. `content_length` reserves room
  /// ahead; without it the content grows as it comes. False: no room (all pinned, or larger than
  /// the arena allows): the fill is ended as uncacheable, nothing is stored, go on uncached.
  bool begin_head(const Facts& facts, std::string_view head,
                  std::optional<uint64_t> content_length);
  /// Room for the next content bytes, at least one byte; empty: no room, the fill has been
  /// abandoned (followers that sent part of it learn so), or the content length given is reached.
  /// Stable until commit or the Fill goes.
  std::span<std::byte> space();
  /// The first `n` bytes of the span space() gave are content now; wakes followers.
  void commit(size_t n);
  /// Copies `bytes` in through space()/commit(). False when the room ran out.
  bool append(std::string_view bytes);
  /// Complete: the entry is live and may be found; it stays pinned as long as the Fill.
  /// Requires: begin_head was true; a content length given there has been reached.
  void finish();
  /// The response must not be stored: followers are released at once to fetch for themselves and
  /// the key is remembered as uncacheable for `remember_s` seconds (0: not). An entry that the fill
  /// was to replace goes too; drop the Fill instead to keep it.
  void uncacheable(uint32_t remember_s);
  /// What was committed so far, as a pinned view of the same bytes a follower sees: lets the filler
  /// send to its own client from the segment. Valid as long as the Fill.
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  uint64_t committed() const;
  /// Whether anybody but `own` Follows of this process has a pin on it. May be outdated at once.
  bool followed(unsigned own) const;
  std::string_view key() const;
  /// The same fill as a follower sees it, pinned on its own: the request that leads sends from it
  /// like any other, so that a slow leading client never slows the fill and its end never ends it.
  /// Requires: begin_head was true. May be called once; before or after finish().
  Follow follow();
  /// False once begin_head, space or append has failed, or the key was purged hard meanwhile
  /// (the fill may go on for those who follow, but is not stored).
  bool storable() const;

 private:
  friend class Store;
  Fill(Process* process, Entry* entry, uint32_t ticket);
  Process* process_;
  Entry* entry_;
  uint32_t ticket_;
};

/// Another's fill of the key, pinned. Content is valid up to available().
class Follow {
 public:
  enum class State : uint8_t {
    waiting,      // no head yet
    filling,      // head is there, content arrives
    complete,     // all content is there
    abandoned,    // ended early: no more will come; try find() again if nothing was sent yet
    uncacheable,  // not to be shared: fetch for yourself, do not collapse
  };
  Follow(Follow&&) noexcept;
  Follow& operator=(Follow&&) noexcept;
  ~Follow();

  State state() const;
  /// Requires: state() is filling or complete, or was once.
  const Facts& facts() const;
  std::string_view head() const;
  std::optional<uint64_t> content_length() const;  // known once the head told it or it is complete
  uint64_t available() const;
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  /// Asks to be woken (this worker's eventfd) at the next change after `seen` bytes in state
  /// `state`; false when that change has already happened: look again instead of sleeping.
  /// A wake-up is for the worker, not for one Follow: on each, look at all (also once a second).
  bool arm(State state, uint64_t seen);

 private:
  friend class Store;
  friend class Fill;
  Follow(Process* process, Entry* entry) : process_(process), entry_(entry) {}
  void release();
  Process* process_;
  Entry* entry_;
};

using Found = std::variant<Hit, Fill, Follow, Busy>;

/// What to purge. Counts are exact for url; for prefix and all they are of entries seen.
struct PurgeCount {
  uint64_t objects = 0;
  uint64_t bytes = 0;    // of their heads and contents
  bool complete = true;  // false: a lock was held for long (by a stopped process): try again
};

struct Usage {
  uint64_t arena_bytes = 0;     // in all
  uint64_t reserved_bytes = 0;  // of these in use by the arena; grows to all after the start
  uint64_t used_bytes = 0;      // in extents, of live entries and those in flight
  uint64_t content_bytes = 0;   // stored heads and contents of live entries
  uint64_t objects = 0;         // live entries
  uint64_t filling = 0;         // fills under way
  uint64_t limbo = 0;           // removed, but still pinned
  uint64_t pinned = 0;          // pins that count; an entry pinned by two workers counts twice
  uint64_t markers = 0;         // uncacheable markers
};

/// Counters summed over all workers, dead ones included. Monotonic.
struct Counters {
  uint64_t hits = 0, misses = 0, follows = 0, fills = 0, stored = 0, abandoned = 0, uncacheable = 0;
  uint64_t evictions = 0, evicted_bytes = 0, purged = 0;
  uint64_t no_room = 0, busy = 0, recoveries = 0;
};

struct SegmentOptions {
  uint64_t size = 0;  // bytes of the arena
  bool literal_lru = false;
  bool huge_pages = false;
  // Reserved before create_segment returns, at 0.25 ms a MiB; the master adds the rest behind a
  // quick start through Store::reserve_more.
  uint64_t reserve_at_start = uint64_t{16} << 20;
};

/// Makes a segment in a sealed memfd, really reserved. For the master, once.
/// Errors say what is missing (memory, memlock, huge pages) and what mends it.
base::Result<base::UniqueFd> create_segment(const SegmentOptions& options);

/// The layout's identity: a new binary may attach to an old segment only if it agrees.
uint64_t layout_version();

class Store {
 public:
  /// Maps the segment and takes worker slot `slot` (0 … slots_max-1), which must be free.
  /// `slot` nothing: an observer (the master): may purge, walk, recover; finds and fills nothing.
  /// `doorbells`: eventfds by slot, to wake other workers; the caller keeps them open.
  static base::Result<Store> attach(int segment_fd, std::optional<unsigned> slot,
                                    std::span<const int> doorbells);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();  // gives the slot back

  /// Looks `key` up and, in the same step, begins a fill or follows one where there is no entry.
  /// `usable(facts)` decides whether a found entry serves the request; when it says no, the caller
  /// gets the permit to replace it. A plain function pointer with a context: the call runs under a
  /// shard's lock and must only compute.
  using Usable = bool (*)(const Facts& facts, const void* context);
  Found find(std::string_view key, Usable usable, const void* context, base::WallSeconds now);

  /// A look without permit or LRU move, for HEAD on a miss and only-if-cached. Nothing for an
  /// observer, which has no pins: it walks.
  std::optional<Hit> peek(std::string_view key);

  PurgeCount purge(std::string_view key);
  /// All keys that begin with `prefix` (the key's text); walks in slices, bounded time per lock.
  PurgeCount purge_prefix(std::string_view prefix);
  PurgeCount purge_all();

  /// Clears the eventfd's pending mark; call on each wake-up before looking at the follows.
  void acknowledge_wakeup();

  /// After the worker in `slot` died or left: releases what it held and wakes all followers.
  /// Restartable, idempotent; by anybody, any number at once. False: nothing was done or not all,
  /// because the slot's holder lives, another recovers it, or a stopped process holds a lock: call
  /// again later. (Attaching to a slot that was not recovered recovers it first.)
  bool recover(unsigned slot);

  /// Reserves the next `bytes` of the arena, for the master between other work until it says true:
  /// all is reserved. 0.25 ms a MiB. Fails when the system has no memory left; what is reserved
  /// serves on, and a later call may succeed.
  base::Result<bool> reserve_more(uint64_t bytes);

  Usage usage() const;
  Counters counters() const;
  /// Checks every invariant of the segment (may be called while workers run): a line per breach.
  std::vector<std::string> verify();

  struct Listed {
    std::string_view key;
    Facts facts;
    uint64_t bytes;
    uint64_t hits;
  };
  /// Calls f for live entries until it returns false. Takes one shard's lock at a time; f must not
  /// call the store.
  void walk(bool (*f)(const Listed& entry, void* context), void* context);

 private:
  explicit Store(std::unique_ptr<Process> process);
  Found begin_fill(std::string_view key, Usable usable, const void* context, base::WallSeconds now);
  std::unique_ptr<Process> process_;
};

}  // namespace ringwall::cache
