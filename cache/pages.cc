#include "cache/pages.h"

#include <algorithm>

#include "cache/arena.h"

namespace ringwall::cache {
namespace {

PageState state_of(const Superblock& super, uint32_t page) {
  return super.pages[page].state.load(std::memory_order_relaxed);
}

bool in_arena(PageState state) {
  return state == PageState::open || state == PageState::closed;
}

// Between inactive and unsettled; who holds `resizing` is the only one who writes then.
void set_state(Superblock& super, uint32_t from, uint32_t to, PageState state) {
  for (uint32_t page = from; page < to; ++page) {
    super.pages[page].state.store(state, std::memory_order_release);
    kill_point();
  }
}

void set_mark(std::atomic<uint32_t>& mark, uint32_t value) {
  if (mark.load(std::memory_order_relaxed) == value) return;
  mark.store(value, std::memory_order_release);
  kill_point();
}

uint32_t round_up(const Superblock& super, uint64_t page) {
  const uint64_t grain = super.grain_pages;
  return static_cast<uint32_t>((page + grain - 1) / grain * grain);
}

// The mark falls behind pages that are inactive.
void lower_active(Superblock& super, uint32_t least) {
  uint32_t active = super.active_pages.load();
  while (active > least && state_of(super, active - 1) == PageState::inactive) --active;
  set_mark(super.active_pages, round_up(super, active));
}

uint64_t offset_of(const Superblock& super, uint32_t page) {
  return uint64_t{super.first_page} * unit_bytes + uint64_t{page} * page_bytes;
}

base::Status settle_inactive(int fd, Superblock& super, uint32_t from, uint32_t to) {
  if (auto done = release_bytes(fd, offset_of(super, from), uint64_t{to - from} * page_bytes);
      !done) {
    return base::fail(done.error());
  }
  kill_point();
  set_state(super, from, to, PageState::inactive);
  return {};
}

// Memory for pages without; they stay unsettled.
base::Status reserve_run(int fd, Superblock& super, uint32_t from, uint32_t to) {
  const uint32_t active = super.active_pages.load();
  set_mark(super.active_pages, std::max(active, to));
  set_state(super, from, to, PageState::unsettled);
  auto reserved = reserve_bytes(fd, offset_of(super, from), uint64_t{to - from} * page_bytes);
  kill_point();
  if (reserved) return {};
  // Where not even that works they stay unsettled, which harms nobody.
  if (settle_inactive(fd, super, from, to)) lower_active(super, super.open_pages.load());
  return base::fail(reserved.error());
}

bool may_leave(const Superblock& super, uint32_t page) {
  const PageState state = state_of(super, page);
  if (state == PageState::closed) {
    return __atomic_load_n(&super.pages[page].free, __ATOMIC_ACQUIRE) == units_per_page;
  }
  return state != PageState::open;
}

// Whether the pages of a grain may all leave, and one of them has not yet.
bool may_leave(const Superblock& super, uint32_t from, uint32_t to) {
  bool any = false;
  for (uint32_t page = from; page < to; ++page) {
    if (!may_leave(super, page)) return false;
    any = any || state_of(super, page) != PageState::inactive;
  }
  return any;
}

}  // namespace

uint32_t pages_for(const Superblock& super, uint64_t bytes) {
  return round_up(super, (bytes + page_bytes - 1) / page_bytes);
}

base::Result<Moved> open_pages(int fd, const Mapping& mapping, uint32_t target, uint32_t count) {
  Superblock& super = *mapping.super;
  const uint32_t first = super.open_pages.load();
  const uint32_t end = std::max(first, std::min(round_up(super, uint64_t{first} + count), target));
  uint32_t reserved = first;  // up to here
  for (uint32_t page = first; page < end; ++page) {
    const PageState state = state_of(super, page);
    if (!in_arena(state) && page >= reserved) {
      uint32_t to = page;
      while (to < end && !in_arena(state_of(super, to))) ++to;
      if (auto done = reserve_run(fd, super, page, to); !done) return base::fail(done.error());
      reserved = to;
    }
    bool opened = true;
    if (state == PageState::closed) {
      opened = reopen_page(mapping.base(), super, page);
    } else if (state != PageState::open) {
      opened = activate_page(mapping.base(), super, page);
    }
    if (!opened) return Moved::busy;
    set_mark(super.open_pages, page + 1);
  }
  return end >= target ? Moved::all : Moved::some;
}

Moved close_pages(const Mapping& mapping, uint32_t& from, uint32_t count) {
  Superblock& super = *mapping.super;
  const uint32_t active = super.active_pages.load();
  const uint32_t end = from + std::min(count, active - std::min(from, active));
  // Before the first: what is below this mark is open.
  if (super.open_pages.load() > from) set_mark(super.open_pages, from);
  for (; from < end; ++from) {
    if (state_of(super, from) != PageState::open) continue;
    if (!close_page(mapping.base(), super, from)) return Moved::busy;
  }
  return from >= active ? Moved::all : Moved::some;
}

base::Result<Moved> give_back_pages(int fd, const Mapping& mapping, uint32_t target,
                                    uint32_t& from, uint32_t count) {
  Superblock& super = *mapping.super;
  const uint32_t active = super.active_pages.load();
  const uint32_t grain = super.grain_pages;
  const uint32_t end = from + std::min(count, active - std::min(from, active));
  while (from < end) {
    const uint32_t first = from;
    uint32_t to = first;  // behind the grains in a row that may leave
    while (to < end && may_leave(super, to, std::min(to + grain, active))) {
      to = std::min(to + grain, active);
    }
    if (to == first) {
      from = std::min(first + grain, active);
      continue;
    }
    for (uint32_t page = first; page < to; ++page) {
      if (state_of(super, page) != PageState::closed) continue;
      if (!retire_page(mapping.base(), super, page)) return Moved::busy;
    }
    if (auto done = settle_inactive(fd, super, first, to); !done) return base::fail(done.error());
    from = to;
  }
  if (from < active) return Moved::some;
  lower_active(super, target);
  return Moved::all;
}

}  // namespace ringwall::cache
