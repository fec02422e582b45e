#include "cache/fill.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cache/body.h"
#include "cache/extents.h"
#include "cache/head.h"
#include "cache/object.h"
#include "cache/pin.h"
#include "cache/purges.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

// How long a key is remembered whose response is too large to store at all.
constexpr uint32_t too_large_remember_s = 10;

// Of unknown lengths most are short: extents begin small and double.
uint32_t next_units(const FillState& fill, uint64_t length, uint64_t available) {
  if (length != unknown_length) return want_units(length - fill.reserved);
  return want_units(std::max(small_bytes_max, available));
}

std::span<std::byte> tail_of(const Process& process, Entry& entry, const FillState& fill) {
  if (fill.tail == nullptr) {
    return {reinterpret_cast<std::byte*>(&entry), entry.own_units * unit_bytes};
  }
  const Run run = unpack(fill.tail->load(std::memory_order_relaxed));
  return {process.at<std::byte>(run.unit), run.units * unit_bytes};
}

// Makes the extent behind the tail the tail, taking it first if it is not there.
bool extend(Process& process, unsigned ticket, Entry& entry, uint32_t units) {
  FillState& fill = process.fills[ticket];
  ExtentPlace place = fill.tail_place;
  Cell* next = next_extent(process, entry, place);
  if (next == nullptr || next->load(std::memory_order_relaxed) == 0) {
    Budget budget;
    if (add_extent(process, entry, fill, process.own_ticket(ticket), units, budget) !=
        Grant::granted) {
      return false;
    }
    place = fill.tail_place;
    next = next_extent(process, entry, place);
  }
  fill.tail = next;
  fill.tail_place = place;
  fill.tail_used = 0;
  return true;
}

// The head cannot be stored, or the segment is condemned.
void refuse(Process& process, unsigned ticket, bool too_large) {
  FillState& fill = process.fills[ticket];
  process.count(Count::no_room);
  fill.storable = false;
  const bool remember = too_large && !fill.former;
  fill.replaces = remember;
  end_fill(process, ticket, Ending::uncacheable, remember ? too_large_remember_s : 0);
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
                      std::optional<uint64_t> content_length, const Labels& labels) {
  FillState& fill = process_->fills[ticket_];
  RW_ASSERT(!fill.head_done);
  RW_ASSERT(labels.selectors.size() <= selectors_bytes_max);
  RW_ASSERT(labels.tags.size() <= tags_max);
  if (fill.ended) return false;
  const NewHead news{facts, head, labels, content_length, false};
  const bool too_large = is_too_large(*process_, news);
  Budget budget;
  if (too_large || process_->condemned() || !place_head(*process_, ticket_, news, budget)) {
    refuse(*process_, ticket_, too_large);
    return false;
  }
  entry_->content_length.store(content_length.value_or(unknown_length), std::memory_order_relaxed);
  fill.head_done = true;
  kill_point();
  entry_->state.store(State::filling, std::memory_order_seq_cst);
  kill_point();
  test_own_fill(*process_, *entry_, process_->own_ticket(ticket_));
  process_->ring_followers(process_->own_ticket(ticket_));
  return true;
}

bool Fill::renew(const Hit& stored, const Facts& facts, std::string_view head,
                 const Labels& labels) {
  FillState& fill = process_->fills[ticket_];
  RW_ASSERT(!fill.head_done);
  RW_ASSERT(labels.selectors.size() <= selectors_bytes_max);
  RW_ASSERT(labels.tags.size() <= tags_max);
  RW_ASSERT(key_of(*stored.entry_) == key());
  if (fill.ended) return false;
  // What it could be purged by it still can: an update tells only what is new.
  std::vector<uint64_t> tags(labels.tags.begin(), labels.tags.end());
  for (unsigned i = 0; i < stored.entry_->tags && tags.size() < tags_max; ++i) {
    const uint64_t tag = tag_of(*process_, *stored.entry_, i);
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  const NewHead news{facts, head, {labels.selectors, tags}, std::nullopt, true};
  const bool too_large = is_too_large(*process_, news);
  Budget budget;
  if (too_large || process_->condemned() || !place_head(*process_, ticket_, news, budget)) {
    refuse(*process_, ticket_, too_large);
    return false;
  }
  Entry& body = content_entry(*process_, *stored.entry_);
  if (!share_content(*process_, *entry_, body)) {
    fill.storable = false;
    end_fill(*process_, ticket_, Ending::abandon);
    return false;
  }
  fill.charged_units += body.charged_units;
  fill.head_done = true;
  // Only now that the sharing is beyond undoing may anybody read through it.
  kill_point();
  entry_->state.store(State::filling, std::memory_order_seq_cst);
  kill_point();
  end_fill(*process_, ticket_, Ending::finish);
  return true;
}

std::span<std::byte> Fill::space() {
  FillState& fill = process_->fills[ticket_];
  if (!fill.head_done || fill.ended) return {};
  const uint64_t available = entry_->available.load(std::memory_order_relaxed);
  const uint64_t length = entry_->content_length.load(std::memory_order_relaxed);
  if (available == length) return {};
  bool room_left = length != unknown_length || available < object_bytes_max(*process_);
  while (room_left) {
    const std::span<std::byte> tail = tail_of(*process_, *entry_, fill);
    const uint64_t room = std::min(tail.size() - fill.tail_used, length - available);
    if (room > 0) return tail.subspan(fill.tail_used, room);
    room_left = !process_->condemned() &&
                extend(*process_, ticket_, *entry_, next_units(fill, length, available));
  }
  process_->count(Count::no_room);
  fill.storable = false;
  end_fill(*process_, ticket_, Ending::abandon);
  return {};
}

void Fill::commit(size_t n) {
  FillState& fill = process_->fills[ticket_];
  RW_ASSERT(fill.head_done);
  if (fill.ended || n == 0) return;
  fill.tail_used += n;
  RW_ASSERT(fill.tail_used <= tail_of(*process_, *entry_, fill).size());
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
  if (length == unknown_length) {
    note_units(*process_, fixed_bytes(*entry_) + label_bytes(*entry_) + entry_->head_length +
                              sizeof(Extension) + available);
  }
  if (!process_->condemned()) trim_extents(*process_, *entry_, fill);
  entry_->content_length.store(available, std::memory_order_release);
  kill_point();
  end_fill(*process_, ticket_, Ending::finish);
}

void Fill::finish_unstored() {
  // Hidden like a purged fill.
  entry_->marks.fetch_or(mark::hidden, std::memory_order_release);
  process_->fills[ticket_].storable = false;
  finish();
}

void Fill::uncacheable(uint32_t remember_s) {
  FillState& fill = process_->fills[ticket_];
  fill.storable = false;
  if (fill.ended) return;
  end_fill(*process_, ticket_, Ending::uncacheable, remember_s);
}

void Fill::dismiss(const Facts& facts) {
  // Hidden like a purged fill: what it tells is for those who follow it already.
  entry_->marks.fetch_or(mark::hidden, std::memory_order_release);
  if (begin_head(facts, {}, 0)) finish_unstored();
}

std::optional<uint64_t> Fill::content_length() const {
  const uint64_t length = entry_->content_length.load(std::memory_order_relaxed);
  if (length == unknown_length) return std::nullopt;
  return length;
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
  return process_->fills[ticket_].storable && !is_marked(*entry_, mark::hidden) &&
         !process_->condemned();
}

}  // namespace ringwall::cache
