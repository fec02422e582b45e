#include "cache/fill.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cache/extents.h"
#include "cache/index.h"
#include "cache/pin.h"
#include "cache/store.h"
#include "daemon/base/limits.h"

namespace ringwall::cache {
namespace {

// How long a key is remembered whose response is too large to store at all.
constexpr uint32_t too_large_remember_s = 10;

uint64_t object_bytes_max(const Process& process) {
  return process.super().arena_bytes / 2;
}

uint32_t want_units(uint64_t bytes) {
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(units_for(std::min(bytes, page_bytes)), 1, units_per_page));
}

// The extent that begins with the head. Small objects get one extent; without a length the first
// is small, since most responses of unknown length are.
bool take_first(Process& process, Entry& entry, FillState& fill, size_t head_bytes,
                std::optional<uint64_t> content_length, Budget& budget) {
  const uint64_t total =
      content_length ? head_bytes + *content_length : std::max(head_bytes * 2, small_bytes_max);
  const uint32_t want = want_units(total);
  uint32_t least = want;
  if (!content_length || total > small_bytes_max) {
    least = std::min(want, std::max(short_extent_units, units_for(head_bytes)));
  }
  if (obtain_run(process, want, least, entry.first, budget) != Grant::granted) return false;
  const uint32_t units = unpack(entry.first.load(std::memory_order_relaxed)).units;
  fill.reserved = units * unit_bytes - head_bytes;
  fill.charged_units += units;
  fill.tail = &entry.first;
  fill.tail_used = head_bytes;
  return true;
}

// The rest of a known length. Stops early, with success, where the budget is used up: what one call
// may evict is not what a large object needs, and space() goes on.
bool reserve_rest(Process& process, Entry& entry, FillState& fill, Ticket& ticket, uint64_t length,
                  Budget& budget) {
  while (fill.reserved < length) {
    const Grant grant =
        add_extent(process, entry, fill, ticket, want_units(length - fill.reserved), budget);
    if (grant == Grant::granted) continue;
    return grant == Grant::busy || budget.evictions == 0;
  }
  return true;
}

}  // namespace

Fill::Fill(Process* process, Entry* entry, uint32_t ticket)
    : process_(process), entry_(entry), ticket_(ticket) {}

Fill::Fill(Fill&& other) noexcept
    : process_(other.process_),
      entry_(std::exchange(other.entry_, nullptr)),
      ticket_(other.ticket_) {}

Fill& Fill::operator=(Fill&& other) noexcept {
  if (this == &other) return *this;
  if (entry_ != nullptr) release_fill(*process_, ticket_, *entry_);
  process_ = other.process_;
  entry_ = std::exchange(other.entry_, nullptr);
  ticket_ = other.ticket_;
  return *this;
}

Fill::~Fill() {
  if (entry_ != nullptr) release_fill(*process_, ticket_, *entry_);
}

bool Fill::begin_head(const Facts& facts, std::string_view head,
                      std::optional<uint64_t> content_length) {
  FillState& fill = process_->fills[ticket_];
  RW_ASSERT(!fill.head_done);
  if (fill.ended) return false;
  const bool too_large = head.size() > base::head_bytes_max ||
                         content_length.value_or(0) > object_bytes_max(*process_);
  Budget budget;
  if (too_large || !take_first(*process_, *entry_, fill, head.size(), content_length, budget) ||
      (content_length && !reserve_rest(*process_, *entry_, fill, process_->own_ticket(ticket_),
                                       *content_length, budget))) {
    process_->count(Count::no_room);
    fill.storable = false;
    end_fill(*process_, ticket_, Ending::uncacheable, too_large ? too_large_remember_s : 0);
    return false;
  }
  const Run first = unpack(entry_->first.load(std::memory_order_relaxed));
  if (!head.empty()) std::memcpy(process_->at<char>(first.unit), head.data(), head.size());
  kill_point();
  entry_->facts = facts;
  entry_->head_length = static_cast<uint32_t>(head.size());
  entry_->content_length.store(content_length.value_or(unknown_length), std::memory_order_relaxed);
  fill.head_done = true;
  kill_point();
  entry_->state.store(State::filling, std::memory_order_seq_cst);
  kill_point();
  process_->ring_followers(process_->own_ticket(ticket_));
  return true;
}

std::span<std::byte> Fill::space() {
  FillState& fill = process_->fills[ticket_];
  if (!fill.head_done || fill.ended) return {};
  const uint64_t available = entry_->available.load(std::memory_order_relaxed);
  const uint64_t length = entry_->content_length.load(std::memory_order_relaxed);
  if (available == length) return {};
  if (length == unknown_length && available >= object_bytes_max(*process_)) {
    process_->count(Count::no_room);
    fill.storable = false;
    end_fill(*process_, ticket_, Ending::abandon);
    return {};
  }
  for (;;) {
    const Run run = unpack(fill.tail->load(std::memory_order_relaxed));
    const uint64_t room = std::min(run.units * unit_bytes - fill.tail_used, length - available);
    if (room > 0) return {process_->at<std::byte>(run.unit) + fill.tail_used, room};
    ExtentPlace place = fill.tail_place;
    Cell* next = next_extent(*process_, *entry_, place);
    if (next == nullptr || next->load(std::memory_order_relaxed) == 0) {
      Budget budget;
      const uint64_t wish = length == unknown_length ? page_bytes : length - fill.reserved;
      const Grant grant = add_extent(*process_, *entry_, fill, process_->own_ticket(ticket_),
                                     want_units(wish), budget);
      if (grant != Grant::granted) {
        process_->count(Count::no_room);
        fill.storable = false;
        end_fill(*process_, ticket_, Ending::abandon);
        return {};
      }
      place = fill.tail_place;
      next = next_extent(*process_, *entry_, place);
    }
    fill.tail = next;
    fill.tail_place = place;
    fill.tail_used = 0;
  }
}

void Fill::commit(size_t n) {
  FillState& fill = process_->fills[ticket_];
  RW_ASSERT(fill.head_done);
  if (fill.ended || n == 0) return;
  fill.tail_used += n;
  RW_ASSERT(fill.tail_used <=
            unpack(fill.tail->load(std::memory_order_relaxed)).units * unit_bytes);
  kill_point();
  // Sequentially consistent against the follower that sets its waiting bit, then looks again.
  entry_->available.store(entry_->available.load(std::memory_order_relaxed) + n,
                          std::memory_order_seq_cst);
  kill_point();
  process_->ring_followers(process_->own_ticket(ticket_));
}

bool Fill::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<std::byte> room = space();
    if (room.empty()) return false;
    const size_t n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    commit(n);
    bytes.remove_prefix(n);
  }
  return true;
}

void Fill::finish() {
  FillState& fill = process_->fills[ticket_];
  if (fill.ended) return;
  RW_ASSERT(fill.head_done);
  const uint64_t available = entry_->available.load(std::memory_order_relaxed);
  const uint64_t length = entry_->content_length.load(std::memory_order_relaxed);
  RW_ASSERT(length == unknown_length || length == available);
  trim_extents(*process_, *entry_, fill);
  entry_->content_length.store(available, std::memory_order_release);
  kill_point();
  end_fill(*process_, ticket_, Ending::finish);
}

void Fill::uncacheable(uint32_t remember_s) {
  FillState& fill = process_->fills[ticket_];
  fill.storable = false;
  if (fill.ended) return;
  end_fill(*process_, ticket_, Ending::uncacheable, remember_s);
}

size_t Fill::content(uint64_t offset, uint64_t length, std::span<iovec> out) const {
  if (!process_->fills[ticket_].head_done) return 0;
  return content_spans(*process_, *entry_, offset, length, out);
}

uint64_t Fill::committed() const {
  return entry_->available.load(std::memory_order_relaxed);
}

bool Fill::followed(unsigned own) const {
  if (process_->pins.count(process_->ref(entry_)) > own + 1) return true;
  const uint64_t ours = process_->pin_bit();
  for (std::atomic<uint64_t>& word : entry_->pins) {
    const uint64_t others = &word == &process_->pin_word(*entry_) ? ~ours : ~uint64_t{0};
    if ((word.load(std::memory_order_relaxed) & others) != 0) return true;
  }
  return false;
}

std::string_view Fill::key() const {
  return key_of(*entry_);
}

Follow Fill::follow() {
  RW_ASSERT(process_->fills[ticket_].head_done);
  pin(*process_, *entry_);
  return Follow(process_, entry_);
}

bool Fill::storable() const {
  return process_->fills[ticket_].storable && entry_->hidden.load(std::memory_order_relaxed) == 0;
}

}  // namespace ringwall::cache
