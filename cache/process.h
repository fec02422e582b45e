// Process: the segment as one process sees it, with the slot it holds and what it keeps for itself
// (which entries it pins how often, where each of its fills writes). One thread. Internal to
// cache/: the functions of its other files take a Process first.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cache/layout.h"
#include "cache/pin_table.h"
#include "cache/segment.h"
#include "cache/store.h"
#include "daemon/base/time.h"

namespace ringwall::cache {

/// Indices of Slot::counters, in the order of the members of Counters.
enum class Count : uint8_t {
  hits,
  misses,
  follows,
  fills,
  stored,
  abandoned,
  uncacheable,
  evictions,
  evicted_bytes,
  purged,
  no_room,
  busy,
  recoveries,
  returned,
  evicted_unused,
  evicted_idle_ms,
  evicted_stored_s,
  evicted_idle  // and as many more as there are idle_bounds_s
};
inline constexpr size_t counts =
    static_cast<size_t>(Count::evicted_idle) + idle_bounds_s.size() + 1;
static_assert(counts <= counters_max);

/// How a fill ends; kept until its section could be had.
enum class Ending : uint8_t { none, finish, abandon, uncacheable };

/// Where an extent is listed: `piece` nothing: it is the first, which the table does not list.
struct ExtentPlace {
  Piece* piece = nullptr;
  uint32_t index = 0;
};

/// What a response that is put back had come to before.
struct Former {
  uint64_t stamp = 0;  // of its last use
  uint32_t hits = 0;
  bool again = false;  // used more than once
};

/// What only the filler knows of its fill, by ticket.
struct FillState {
  Cell* tail = nullptr;  // extent being written; nothing: the entry's own run
  ExtentPlace tail_place;
  ExtentPlace last_place;      // the last extent reserved
  uint64_t tail_used = 0;      // bytes of it, with all that stands before the content
  uint64_t reserved = 0;       // content bytes there is room for in all extents
  uint32_t short_extents = 0;  // extents shorter than wished for
  uint32_t charged_units = 0;
  uint32_t remember_s = 0;
  unsigned variants_max = 0;
  base::WallSeconds begun_s = 0;  // wall second and …
  uint64_t begun_ns = 0;          // … monotonic time when the permit was given
  std::optional<Former> former;   // put back: never in the place of anything (cache/keeper.h)
  bool head_done = false;
  bool ended = false;  // no more content
  bool storable = true;
  bool replaces = true;        // its end removes what it was to replace
  bool held = false;           // a Fill object exists for it
  bool drop_pin = false;       // the Fill has gone: the section that ends the fill drops its pin
  Ending owed = Ending::none;  // how it ends, until the section that says so has been
};

class Process {
 public:
  static base::Result<std::unique_ptr<Process>> attach(int segment_fd, std::optional<unsigned> slot,
                                                       std::span<const int> doorbells);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::byte* base() const { return base_; }
  Superblock& super() const { return *mapping_.super; }
  const Mapping& mapping() const { return mapping_; }
  int fd() const { return fd_.get(); }

  template <class T>
  T* at(Ref ref) const {
    return reinterpret_cast<T*>(base_ + uint64_t{ref} * unit_bytes);
  }
  Entry& entry(Ref ref) const { return *at<Entry>(ref); }
  Ref ref(const void* thing) const {
    return static_cast<Ref>((static_cast<const std::byte*>(thing) - base_) / unit_bytes);
  }

  uint32_t bucket_of(uint32_t hash) const { return hash >> bucket_shift_; }
  uint32_t shard_of_bucket(uint32_t bucket) const { return bucket >> shard_shift_; }
  uint32_t buckets_per_shard() const { return uint32_t{1} << shard_shift_; }
  Shard& shard(uint32_t index) const { return shards_[index]; }
  uint32_t shard_index(uint32_t hash) const { return shard_of_bucket(bucket_of(hash)); }
  Shard& shard_of(const Entry& entry) const { return shards_[shard_index(entry.hash)]; }
  Ref& bucket(uint32_t index) const { return buckets_[index]; }
  Arena& arena(uint32_t index) const { return arenas_[index]; }
  PageRecord& page(uint32_t index) const { return pages_[index]; }
  uint32_t page_of(Ref unit) const { return (unit - first_page_) / units_per_page; }
  Ref first_unit(uint32_t page) const { return first_page_ + page * units_per_page; }
  Slot& slot(unsigned index) const { return slots_[index]; }
  Ticket& ticket(unsigned slot, unsigned index) const {
    return tickets_[slot * tickets_max + index];
  }
  PurgeTable& purges() const { return *purges_; }
  std::atomic<uint64_t>& tail(uint32_t shard) const { return tails_[shard]; }
  /// Of an arena of the size that was asked for; a shard may hold more than its part.
  uint64_t shard_units() const { return arena_bytes() / unit_bytes / super().shard_count; }

  /// What every way into the structure asks first.
  bool condemned() const {
    return super().condemned.load(std::memory_order_relaxed) != Condemned::no;
  }

  /// Bytes of the arena: as many as were asked for, and are there or will be.
  uint64_t arena_bytes() const {
    return super().target_pages.load(std::memory_order_relaxed) * page_bytes;
  }

  bool observer() const { return slot_ >= slots_max; }
  unsigned slot_index() const { return slot_; }
  Slot& own() const { return slots_[slot_]; }
  Ticket& own_ticket(unsigned index) const { return ticket(slot_, index); }
  uint64_t pin_bit() const { return pin_bit_; }
  std::atomic<uint64_t>& pin_word(Entry& entry) const { return entry.pins[slot_ / 64]; }

  /// `offset`: to a member of an array of counts.
  void count(Count what, uint64_t n = 1, size_t offset = 0) {
    auto& counter = own().counters[static_cast<size_t>(what) + offset];
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  /// Monotonic nanoseconds, exact at each fill and each 8th call and otherwise one more than the
  /// last: a clock read costs as much as a whole lookup. `now` is the caller's wall second, which
  /// bounds the error of an idle process to a second.
  uint64_t stamp(base::WallSeconds now) {
    if (now == stamp_second_ && ++stamps_ % 8 != 0) return ++stamp_;
    stamp_second_ = now;
    return exact_stamp();
  }
  uint64_t exact_stamp() {
    const auto read = static_cast<uint64_t>(base::monotonic_now().ns);
    stamp_ = read > stamp_ ? read : stamp_ + 1;
    return stamp_;
  }

  /// Whether a process that lives holds the slot.
  bool holder_lives(unsigned slot) const;

  /// Wakes the worker in `slot` unless it was rung and has not answered; `always` even then.
  void ring(unsigned slot, bool always = false);
  void ring_all();
  /// Wakes all who follow the fill of `ticket`.
  void ring_followers(Ticket& ticket);

  PinTable pins;
  std::vector<FillState> fills;  // by ticket
  std::vector<uint16_t> free_tickets;
  std::vector<uint16_t> owed;  // tickets whose ending waits for a lock
  uint32_t next_shard = 0;     // where the search for a victim goes on
  std::vector<char> scratch;   // selectors_bytes_max of them
  bool may_evict = true;       // where there is no room
  // Of late: what responses that fit one run needed, and how many did (cache/head.h).
  float usual_units = 0;
  float usual_spread = 0;  // mean deviation
  float small_share = 1;

 private:
  Process() = default;
  bool hold_slot();
  base::Status take_slot(std::optional<unsigned> slot);
  void leave_slot();

  Mapping mapping_;
  base::UniqueFd fd_;
  std::byte* base_ = nullptr;
  Shard* shards_ = nullptr;
  std::atomic<uint64_t>* tails_ = nullptr;
  Ref* buckets_ = nullptr;
  Arena* arenas_ = nullptr;
  PageRecord* pages_ = nullptr;
  Slot* slots_ = nullptr;
  Ticket* tickets_ = nullptr;
  PurgeTable* purges_ = nullptr;
  Ref first_page_ = 0;
  unsigned bucket_shift_ = 0;
  unsigned shard_shift_ = 0;
  unsigned slot_ = 0;
  uint64_t pin_bit_ = 0;
  bool holds_slot_ = false;
  base::WallSeconds stamp_second_ = -1;
  uint64_t stamp_ = 0;
  uint32_t stamps_ = 0;
  std::vector<int> doorbells_;
};

}  // namespace ringwall::cache
