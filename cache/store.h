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
#include <utility>
#include <variant>
#include <vector>

#include "cache/facts.h"
#include "cache/purge.h"
#include "cache/resize.h"
#include "cache/usage.h"
#include "daemon/base/result.h"
#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::cache {

class Process;  // the mapping and this process's slot; cache/process.h
struct Entry;
struct Look;

/// Why there is no hit, no permit and no fill to follow: the request passes by the cache.
enum class Busy : uint8_t {
  lock,       // a lock could not be had in time
  tickets,    // this worker fills as much as it may at once
  marked,     // the key is remembered as uncacheable for a while: do not collapse
  room,       // no room even for the key: all is pinned, or the key is longer than any may be
  alone,      // the caller's rule said Use::alone
  condemned,  // the segment is damaged: nobody finds or stores anything in it any more
};

/// What the rules may see of a stored response that matches the request.
struct Candidate {
  const Facts& facts;
  uint64_t hits = 0;            // so far
  bool purged_soft = false;     // stale whatever its facts say
  uint32_t held_off_until = 0;  // wall second until which refreshing is not to be tried (hold_off)
};

/// What a rule says of a candidate.
enum class Use : uint8_t {
  serve,              // it answers the request
  serve_and_refresh,  // it answers; and whoever asks while nobody refreshes it gets the permit to
  replace,            // it does not answer: the permit to replace it, or the fill that does so
  alone,              // it does not answer, and what replaces it could not be shared either: no
                      // permit and no fill to follow, but the response itself, to validate it
};

/// What follows the head of a response into the segment.
struct Labels {
  /// The request's selecting fields by name and value (RFC 9111 section 4.1) as the caller's rules
  /// write them; empty: the response fits every request of its key. At most selectors_bytes_max.
  std::string_view selectors;
  /// Hashes by Store::hash_tag of what the response can be purged by; at most tags_max.
  std::span<const uint64_t> tags;
};
constexpr size_t selectors_bytes_max = 4096;
constexpr size_t tags_max = 255;

/// One lookup. The functions are plain pointers with a context: they run under a shard's lock and
/// must only compute.
struct Lookup {
  std::string_view key;
  base::WallSeconds now = 0;
  const void* context = nullptr;
  /// Whether a response with these selectors (never empty) fits the request.
  bool (*selects)(std::string_view selectors, const void* context) = nullptr;
  Use (*use)(const Candidate& candidate, const void* context) = nullptr;
  /// Writes the request's own selectors by the field names of `model`, those of another response of
  /// the key; how long they are, 0 when they do not fit.
  size_t (*describe)(std::string_view model, std::span<char> out, const void* context) = nullptr;
  /// A permit even where the key is remembered as uncacheable: the head is there and says
  /// otherwise.
  bool despite_marker = false;
  /// Of a key, at most so many live responses with different selectors; the least recently used
  /// goes first.
  unsigned variants_max = 64;
  /// False: where there would be a permit, Busy::alone.
  bool permit = true;
};

/// A stored response, pinned: head and content stay where they are until the Hit goes.
class Hit {
 public:
  // Inline: a lookup moves its Hit twice, and calls for that cost as much as its LRU move.
  Hit(Hit&& other) noexcept
      : process_(other.process_), entry_(std::exchange(other.entry_, nullptr)) {}
  Hit& operator=(Hit&&) noexcept;
  ~Hit() {
    if (entry_ != nullptr) release();
  }

  const Facts& facts() const;
  /// The stored head as begin_head gave it, contiguous.
  std::string_view head() const;
  uint64_t content_length() const;
  /// Fills `out` with the content's pieces from `offset` on, at most `length` bytes; how many were
  /// filled. Fewer bytes than asked mean: call again with a later offset.
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  uint64_t hits() const;
  std::string_view selectors() const;
  bool purged_soft() const;
  /// Another handle on the same response, with a pin of its own.
  Hit share() const;
  /// Lookups see Candidate::held_off_until until then: a refresh has just failed.
  void hold_off(base::WallSeconds until);

 private:
  friend class Store;
  friend class Fill;
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
  bool begin_head(const Facts& facts, std::string_view head, std::optional<uint64_t> content_length,
                  const Labels& labels = {});
  /// The response of a successful validation (RFC 9111 section 4.3.4): `head` with the content of
  /// `stored`, which both share from now on, and with the tags of both; complete and live at once,
  /// as after finish(). `stored` gives way to it. False as begin_head.
  bool renew(const Hit& stored, const Facts& facts, std::string_view head,
             const Labels& labels = {});
  /// Room for the next content bytes, at least one byte; empty: no room, the fill has been
  /// abandoned (followers that sent part of it learn so), or the content length given is reached.
  /// Stable until commit or the Fill goes.
  std::span<std::byte> space();
  /// The first `n` bytes of the span space() gave are content now; wakes followers.
  void commit(size_t n);
  /// Copies `bytes` in through space()/commit(). False when the room ran out.
  bool append(std::string_view bytes);
  /// Tells those who follow `facts` (an origin's failure, say) without content, and stores nothing;
  /// what the fill was to replace stays.
  void dismiss(const Facts& facts);
  /// Complete: the entry is live and may be found; it stays pinned as long as the Fill.
  /// Requires: begin_head was true; a content length given there has been reached.
  void finish();
  /// Complete for those who follow, but not stored; what it was to replace stays. Requires: as
  /// finish().
  void finish_unstored();
  /// The response must not be stored: followers are released at once to fetch for themselves and
  /// the key is remembered as uncacheable for `remember_s` seconds (0: not). An entry that the fill
  /// was to replace goes too; drop the Fill instead to keep it.
  void uncacheable(uint32_t remember_s);
  /// What was committed so far, as a pinned view of the same bytes a follower sees: lets the filler
  /// send to its own client from the segment. Valid as long as the Fill.
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  uint64_t committed() const;
  std::optional<uint64_t> content_length() const;  // where begin_head told it
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
  friend class Keeper;
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
  std::string_view selectors() const;              // likewise
  bool purged_soft() const;                        // a soft purge met the fill: it is stale
  unsigned followers_here() const;                 // Follows of this process, ours included
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

/// What a lookup gives.
struct Found {
  std::variant<Hit, Fill, Follow, Busy> way;
  /// Beside a Fill, Follow or Busy: the stored response that matches but may not answer as it is;
  /// to validate it, or to fall back on it where the origin fails.
  std::optional<Hit> stored;
  /// Beside a Hit, where the rule said serve_and_refresh and nobody refreshes yet.
  std::optional<Fill> refresh;
  /// No stored response matched, though the key has some: their selectors differ.
  bool variants = false;
};

struct SegmentOptions {
  uint64_t size = 0;      // bytes of the arena
  uint64_t size_max = 0;  // to what set_size() may let it grow; costs 0.8 % of it. 0: `size`
  bool literal_lru = false;
  bool huge_pages = false;
  // Reserved before create_segment returns, at 0.25 ms a MiB; the master adds the rest behind a
  // quick start through Store::resize.
  uint64_t reserve_at_start = uint64_t{16} << 20;
};

/// Makes a segment in a sealed memfd, really reserved. For the master, once.
/// Errors say what is missing (memory, memlock, huge pages) and what mends it.
base::Result<base::UniqueFd> create_segment(const SegmentOptions& options);

/// Whether `fd` begins as a segment of this layout does.
bool is_segment(int fd);

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

  /// Looks a key up and, in the same step, begins a fill or follows one where nothing stored
  /// answers. Of several responses that match, the youngest counts.
  Found find(const Lookup& lookup);

  /// A look without permit or LRU move at what find() would judge: the matching stored response.
  /// Nothing for an observer, which has no pins: it inspects.
  std::optional<Hit> peek(const Lookup& lookup);

  /// Notes a request for the key, and tells how many there were within the last `window_s` seconds,
  /// this one included, up to UseCounter::uses_max; shared by all workers and rarely too many
  /// (cache/use_counter.h). Requires: 1 <= window_s <= UseCounter::window_max_s.
  unsigned note_use(std::string_view key, base::WallSeconds now, uint32_t window_s);

  /// Of a word by which responses are purged together, the same in every segment; `space` keeps
  /// apart words of different meaning ("tag", "group:https://example.org").
  static uint64_t hash_tag(std::string_view space, std::string_view word);

  /// Purges. Of kind key: done, and counted exactly, when it returns. Of the other kinds: in force
  /// for all workers at once when it returns, whatever the number of responses; those concerned are
  /// taken out by sweep(), whose count is told there. Fills under way that are concerned are not
  /// stored as fresh. False in `complete`: not done, too many are pending: sweep, then try again.
  PurgeCount purge(const Purge& purge);

  /// Takes out (or marks) what pending purges concern and counts it, walking the whole cache in
  /// slices of bounded time per lock; forgets those that nothing can concern any more. Cheap when
  /// nothing is pending. For the master, after purge() and now and then.
  PurgeCount sweep();

  /// Clears the eventfd's pending mark; call on each wake-up before looking at the follows.
  void acknowledge_wakeup();

  /// After the worker in `slot` died or left: releases what it held and wakes all followers.
  /// Restartable, idempotent; by anybody, any number at once. False: nothing was done or not all,
  /// because the slot's holder lives, another recovers it, or a stopped process holds a lock: call
  /// again later. (Attaching to a slot that was not recovered recovers it first.) Observers that
  /// died are recovered beside it, and whenever an observer attaches: nobody watches them.
  bool recover(unsigned slot);

  /// Asks for another size of the arena, which resize() then brings about; in force at once is that
  /// nothing larger than half of it is stored. Fails where it is not between 1 MiB and size_max.
  base::Status set_size(uint64_t bytes);

  /// Works for about `budget` (and one small step at least) towards the size that was asked for, as
  /// create_segment did first: reserves memory, at 0.25 ms a MiB, and opens it to new responses; or
  /// closes the arena's end to them, takes out what lies there, and gives its memory back. What is
  /// still read or written stays where it is, with its page, until it may go. `progress` is new at
  /// first and then the caller's to keep until `done`; it may be thrown away at any time. By any
  /// number of processes: one works, the others wait. Fails when the system has no memory left:
  /// what there is serves on, and a later call may succeed.
  base::Result<Resized> resize(ResizeProgress& progress, base::Duration budget);

  Usage usage() const;
  Counters counters() const;
  /// Adds numbers of a segment that this one follows, so that sums go on.
  void add_counters(Counters former);
  /// Checks every invariant of the segment; may be called while workers run, and then finds nothing
  /// that is not so. A shard's lock is held while it is walked, 0.5 us an entry. What is damaged
  /// may crash the process: for a process of its own, which is given a limit of time.
  Verified verify();

  /// The segment is damaged and serves nobody any more, in no process, at once: lookups give
  /// Busy::condemned, fills are not stored, purges count nothing, and nothing follows its links.
  /// What is being sent goes on, its bytes stay. For good. All followers are woken.
  void condemn();
  bool condemned() const;
  /// Another segment has taken the place of this one, which is condemned: a purge here is not
  /// complete.
  void supersede();

  /// One entry as operators see it. Views are valid during the call.
  struct Listed {
    enum class Kind : uint8_t { stored, fill, marker };
    Kind kind = Kind::stored;
    std::string_view key;
    std::string_view selectors;
    std::string_view head;  // of stored responses
    Facts facts;
    uint64_t bytes = 0;           // head and content
    uint64_t content_length = 0;  // so far, of fills
    uint64_t hits = 0;
    uint64_t idle_ms = 0;  // since its last use
    bool purged_soft = false;
    bool protected_ = false;  // used again, or stored again soon after its eviction
    uint32_t tags = 0;        // how many
    uint32_t held_off_until = 0;
    int64_t marked_until = 0;  // of markers
  };
  /// Calls f for stored responses until it returns false. Takes one shard's lock at a time; f must
  /// not call the store.
  void walk(bool (*f)(const Listed& entry, void* context), void* context);
  /// Calls f for everything of one key: responses, fills, marker; youngest first.
  void inspect(std::string_view key, void (*f)(const Listed& entry, void* context), void* context);

 private:
  friend class Keeper;  // cache/keeper.h
  explicit Store(std::unique_ptr<Process> process);
  Found fill(const Lookup& lookup, uint32_t hash, const Look& look);
  Found found(const Look& look);
  std::unique_ptr<Process> process_;
};

}  // namespace ringwall::cache
