#include <utility>

#include "cache/object.h"
#include "cache/pin.h"
#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {

namespace {

// Of a fill in a condemned segment, where nobody settles what the dead leave: without a head there
// is nothing to wait for, and with one as long as the filler lives.
bool is_given_up(const Process& process, const Entry& entry, State state) {
  const unsigned slot = slot_of(entry.link.load(std::memory_order_relaxed));
  return state == State::waiting || slot >= slots_max || !process.holder_lives(slot);
}

}  // namespace

Follow::Follow(Follow&& other) noexcept
    : process_(other.process_), entry_(std::exchange(other.entry_, nullptr)) {}

Follow& Follow::operator=(Follow&& other) noexcept {
  if (this == &other) return *this;
  release();
  process_ = other.process_;
  entry_ = std::exchange(other.entry_, nullptr);
  return *this;
}

Follow::~Follow() {
  release();
}

void Follow::release() {
  if (entry_ != nullptr) unpin(*process_, *std::exchange(entry_, nullptr));
}

Follow::State Follow::state() const {
  const cache::State state = entry_->state.load(std::memory_order_acquire);
  if (is_fill(state) && process_->condemned() && is_given_up(*process_, *entry_, state)) {
    return State::abandoned;
  }
  switch (state) {
    case cache::State::waiting:
      return State::waiting;
    case cache::State::filling: {
      // Those who came after the purge wait for what becomes of it, and that is seen at its end.
      if (purged_soft()) return State::filling;
      const uint64_t available = entry_->available.load(std::memory_order_acquire);
      return available == entry_->content_length.load(std::memory_order_acquire) ? State::complete
                                                                                 : State::filling;
    }
    case cache::State::live:
    case cache::State::removed:
      return State::complete;
    case cache::State::abandoned:
      return State::abandoned;
    case cache::State::marker:
    case cache::State::unmarked:
      return State::uncacheable;
  }
  RW_ASSERT(false);
}

const Facts& Follow::facts() const {
  return entry_->facts;
}

std::string_view Follow::head() const {
  return head_of(*process_, *entry_);
}

std::string_view Follow::selectors() const {
  return selectors_of(*process_, *entry_);
}

bool Follow::purged_soft() const {
  return is_marked(*entry_, mark::soft);
}

unsigned Follow::followers_here() const {
  const unsigned pins = process_->pins.count(process_->ref(entry_));
  const bool filled_here = is_fill(entry_->state.load(std::memory_order_acquire)) &&
                           slot_of(entry_->link.load(std::memory_order_relaxed)) ==
                               process_->slot_index();
  return filled_here ? pins - 1 : pins;
}

std::optional<uint64_t> Follow::content_length() const {
  const uint64_t length = entry_->content_length.load(std::memory_order_acquire);
  if (length == unknown_length) return std::nullopt;
  return length;
}

uint64_t Follow::available() const {
  return entry_->available.load(std::memory_order_acquire);
}

size_t Follow::content(uint64_t offset, uint64_t length, std::span<iovec> out) const {
  return content_spans(*process_, *entry_, offset, length, out);
}

bool Follow::arm(State seen_state, uint64_t seen) {
  const auto changed = [&] { return state() != seen_state || available() != seen; };
  if (changed()) return false;
  const uint32_t link = entry_->link.load(std::memory_order_acquire);
  // Read before the state: the link means something else when the fill has ended.
  if (!is_fill(entry_->state.load(std::memory_order_acquire))) return !changed();
  Ticket& ticket = process_->ticket(link >> 16, link & 0xffff);
  // A ticket may have gone on to another fill: then this bit costs that one an idle ring, and the
  // look behind it finds the end of ours.
  ticket.waiting[process_->slot_index() / 64].fetch_or(process_->pin_bit(),
                                                       std::memory_order_seq_cst);
  kill_point();
  return !changed();
}

}  // namespace ringwall::cache
