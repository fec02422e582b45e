#include "cache/process.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>

#include "cache/fill.h"
#include "cache/recovery.h"

namespace ringwall::cache {

base::Result<std::unique_ptr<Process>> Process::attach(int segment_fd, std::optional<unsigned> slot,
                                                       std::span<const int> doorbells) {
  auto mapping = map_segment(segment_fd);
  if (!mapping) return base::fail(mapping.error());
  std::unique_ptr<Process> process(new Process);
  process->fd_ = base::UniqueFd(fcntl(segment_fd, F_DUPFD_CLOEXEC, 0));
  if (!process->fd_) return base::fail(base::os_failure("cannot keep the cache segment", errno));
  process->mapping_ = std::move(*mapping);
  Superblock& super = process->super();
  process->base_ = process->mapping_.base();
  process->shards_ = super.shards.get();
  process->tails_ = super.tails.get();
  process->buckets_ = super.buckets.get();
  process->arenas_ = super.arenas.get();
  process->pages_ = super.pages.get();
  process->slots_ = super.slots.get();
  process->tickets_ = super.tickets.get();
  process->purges_ = super.purges.get();
  process->first_page_ = super.first_page;
  const unsigned bucket_bits = static_cast<unsigned>(std::countr_zero(super.bucket_count));
  process->bucket_shift_ = 32 - bucket_bits;
  process->shard_shift_ = bucket_bits - static_cast<unsigned>(std::countr_zero(super.shard_count));
  process->doorbells_.assign(doorbells.begin(), doorbells.end());
  if (auto taken = process->take_slot(slot); !taken) return base::fail(taken.error());
  // What a lock in use keeps it from, the next one does.
  if (process->observer()) recover_observers(*process);
  return process;
}

Process::~Process() {
  if (holds_slot_) leave_slot();
}

// Takes the slot's mutex, and what its last holder left if nobody has recovered it yet.
bool Process::hold_slot() {
  const int result = pthread_mutex_trylock(&own().life);
  if (result == EOWNERDEAD) pthread_mutex_consistent(&own().life);
  if (result != 0 && result != EOWNERDEAD) return false;
  if (own().dirty.load() != 0 && !condemned() && !recover_held_slot(*this, slot_)) {
    pthread_mutex_unlock(&own().life);
    return false;
  }
  holds_slot_ = true;
  return true;
}

bool Process::holder_lives(unsigned index) const {
  if (index == slot_) return true;
  pthread_mutex_t& life = slot(index).life;
  const int result = pthread_mutex_trylock(&life);
  if (result == EOWNERDEAD) pthread_mutex_consistent(&life);
  if (result == 0 || result == EOWNERDEAD) pthread_mutex_unlock(&life);
  return result == EBUSY;
}

base::Status Process::take_slot(std::optional<unsigned> slot) {
  if (slot && *slot >= slots_max) {
    return base::fail(fmt::format("cache slot {} is out of range", *slot));
  }
  const unsigned last = slot ? *slot : slots_max + observers_max - 1;
  slot_ = slot.value_or(slots_max);
  while (!hold_slot() && ++slot_ <= last) {
  }
  if (!holds_slot_) {
    return base::fail(slot ? fmt::format("cache slot {} is in use", *slot)
                           : std::string("too many observers are attached to the cache"));
  }
  next_shard = slot_ * 16;
  own().dirty.store(1);
  kill_point();
  own().pending.store(0);
  own().pinned.store(0);
  kill_point();
  if (observer()) return {};
  pin_bit_ = uint64_t{1} << (slot_ % 64);
  fills.resize(tickets_max);
  scratch.resize(selectors_bytes_max);
  free_tickets.reserve(tickets_max);
  owed.reserve(tickets_max);
  for (unsigned i = tickets_max; i-- > 0;) free_tickets.push_back(static_cast<uint16_t>(i));
  super().alive[slot_ / 64].fetch_or(pin_bit_);
  kill_point();
  return {};
}

void Process::leave_slot() {
  if (condemned()) {
    pthread_mutex_unlock(&own().life);
    return;
  }
  settle_owed(*this);
  const bool clean = pins.size() == 0 && owed.empty() && own().reclaim.load() == 0 &&
                     free_tickets.size() == fills.size();
  if (clean) {
    if (!observer()) super().alive[slot_ / 64].fetch_and(~pin_bit_);
    kill_point();
    own().dirty.store(0);
    kill_point();
  } else {
    // Handles that outlive the store (a worker that ends in a hurry) are given up like a dead
    // worker's; where a lock is held the slot stays dirty for the next attach or recover().
    recover_held_slot(*this, slot_);
  }
  pthread_mutex_unlock(&own().life);
}

void Process::ring(unsigned slot, bool always) {
  if (slot >= doorbells_.size() || doorbells_[slot] < 0) return;
  const bool rung = this->slot(slot).pending.exchange(1, std::memory_order_seq_cst) != 0;
  if (rung && !always) return;
  const uint64_t one = 1;
  // A full counter means that it is rung already.
  [[maybe_unused]] const ssize_t n = write(doorbells_[slot], &one, sizeof(one));
}

void Process::ring_all() {
  for (unsigned i = 0; i < slots_max; ++i) {
    if ((super().alive[i / 64].load() >> (i % 64) & 1) != 0) ring(i, true);
  }
}

void Process::ring_followers(Ticket& ticket) {
  for (unsigned word = 0; word < 2; ++word) {
    if (ticket.waiting[word].load(std::memory_order_seq_cst) == 0) continue;
    uint64_t waiting = ticket.waiting[word].exchange(0, std::memory_order_seq_cst);
    kill_point();
    for (; waiting != 0; waiting &= waiting - 1) {
      ring(word * 64 + static_cast<unsigned>(std::countr_zero(waiting)));
    }
  }
}

}  // namespace ringwall::cache
