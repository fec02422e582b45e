#include "daemon/io/timer_wheel.h"

#include <bit>

namespace ringwall::io {

void TimerWheel::add(Timer& timer) {
  // Rounded up: the slot runs when its whole tick has passed. At least the next one.
  int64_t tick = tick_of(timer.deadline.ns) + 1;
  if (tick <= done_) tick = done_ + 1;
  auto slot = static_cast<unsigned>(tick % slots);
  slots_[slot].push_back(timer);
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimerWheel::run_slot(unsigned slot, base::Instant now, TimerList& due) {
  slots_[slot].for_each([&](Timer& timer) {
    if (timer.deadline > now) return;  // a later turn of the wheel
    timer.unlink();
    due.push_back(timer);
  });
  if (slots_[slot].empty()) occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
}

void TimerWheel::advance(base::Instant now, TimerList& due) {
  int64_t tick = tick_of(now.ns);
  if (tick <= done_) return;
  int64_t from = done_ + 1;
  if (tick - from >= slots) from = tick - slots + 1;  // slept for more than a turn: each slot once
  done_ = tick;
  for (int64_t t = from; t <= tick; ++t) {
    auto slot = static_cast<unsigned>(t % slots);
    if (occupied_[slot / 64] >> (slot % 64) & 1) run_slot(slot, now, due);
  }
}

base::Instant TimerWheel::next() const {
  for (unsigned ahead = 1; ahead <= slots;) {
    auto slot = static_cast<unsigned>((done_ + ahead) % slots);
    uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) {
      ahead += static_cast<unsigned>(std::countr_zero(word));
      if (ahead > slots) break;
      return {(done_ + ahead) << shift};
    }
    ahead += 64 - slot % 64;
  }
  return base::Instant::never();
}

}  // namespace ringwall::io
