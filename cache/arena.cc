#include "cache/arena.h"

#include <algorithm>

#include "cache/process.h"

namespace ringwall::cache {
namespace {

// Pages looked at in a bin whose pages may or may not fit.
constexpr unsigned looks_max = 8;

/// The free runs of a page as far as taking one needs to know them.
struct Survey {
  unsigned start = 0;   // of the best fit
  unsigned length = 0;  // 0: none fits
  unsigned longest = 0;
  unsigned second = 0;  // equal to longest when there are two
};

Survey survey_page(const PageRecord& page, unsigned want) {
  Survey survey;
  each_free_run(page, [&](unsigned start, unsigned length) {
    if (length >= want && (survey.length == 0 || length < survey.length)) {
      survey.start = start;
      survey.length = length;
    }
    if (length > survey.longest) {
      survey.second = survey.longest;
      survey.longest = length;
    } else if (length > survey.second) {
      survey.second = length;
    }
  });
  return survey;
}

void mark(Section& section, PageRecord& page, unsigned start, unsigned units, bool used) {
  while (units > 0) {
    const unsigned bit = start % 64;
    const unsigned n = std::min(units, 64 - bit);
    const uint64_t mask = (n == 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1) << bit;
    uint64_t& word = page.used[start / 64];
    RW_ASSERT((word & mask) == (used ? 0 : mask));
    section.set(word, used ? word | mask : word & ~mask);
    start += n;
    units -= n;
  }
}

/// A page, its record and its arena's section together.
struct Place {
  Section& section;
  Arena& arena;
  PageRecord* pages;
};

// In a bin the first page's `previous` is the last one.
void unlink_page(const Place& place, uint32_t index) {
  Section& section = place.section;
  const PageRecord& page = place.pages[index];
  uint32_t& first = place.arena.bins[page.bin];
  if (page.next != no_page) {
    section.set(place.pages[page.next].previous, page.previous);
  } else if (first != index) {
    section.set(place.pages[first].previous, page.previous);
  }
  if (first != index) {
    section.set(place.pages[page.previous].next, page.next);
    return;
  }
  section.set(first, page.next);
  if (page.next == no_page) {
    section.set(place.arena.occupied, place.arena.occupied.load() & ~(uint64_t{1} << page.bin));
  }
}

enum class End : uint8_t { first, last };

void link_page(const Place& place, uint32_t index, unsigned bin, End end) {
  Section& section = place.section;
  PageRecord& page = place.pages[index];
  const uint32_t first = place.arena.bins[bin];
  const bool alone = first == no_page;
  const uint32_t last = alone ? index : place.pages[first].previous;
  section.set(page.bin, static_cast<uint16_t>(bin));
  section.set(page.previous, last);
  section.set(page.next, end == End::first ? first : no_page);
  if (!alone) section.set(place.pages[first].previous, index);
  if (alone || end == End::first) {
    section.set(place.arena.bins[bin], index);
  } else {
    section.set(place.pages[last].next, index);
  }
  if (alone) {
    section.set(place.arena.occupied, place.arena.occupied.load() | uint64_t{1} << bin);
  }
}

// A page without a free unit is in bin 0 like any other: bin 0 is never searched.
void set_longest(const Place& place, uint32_t index, unsigned longest) {
  PageRecord& page = place.pages[index];
  if (page.longest != longest) place.section.set(page.longest, static_cast<uint16_t>(longest));
  if (page.state.load(std::memory_order_relaxed) == PageState::closed) return;
  const unsigned bin = bin_of(longest);
  if (page.bin == bin) return;
  unlink_page(place, index);
  link_page(place, index, bin, End::first);
}

uint32_t fitting_page(const Arena& arena, const PageRecord* pages, unsigned bin, unsigned units) {
  uint32_t index = arena.bins[bin];
  for (unsigned looks = 0; index != no_page && looks < looks_max; ++looks) {
    if (pages[index].longest >= units) return index;
    index = pages[index].next;
  }
  return no_page;
}

uint32_t choose_page(const Arena& arena, const PageRecord* pages, unsigned want, unsigned least) {
  const unsigned bin = bin_of(want);
  const uint64_t occupied = arena.occupied.load(std::memory_order_relaxed);
  if ((occupied >> bin & 1) != 0) {
    const uint32_t index = fitting_page(arena, pages, bin, want);
    if (index != no_page) return index;
  }
  const uint64_t above = bin + 1 >= 64 ? 0 : occupied >> (bin + 1) << (bin + 1);
  if (above != 0) return arena.bins[__builtin_ctzll(above)];
  if (least == want) return no_page;
  uint64_t below = occupied & ((uint64_t{2} << bin) - 1);
  while (below != 0) {
    const unsigned highest = 63 - static_cast<unsigned>(__builtin_clzll(below));
    if (highest < bin_of(least)) return no_page;
    const uint32_t index = fitting_page(arena, pages, highest, least);
    if (index != no_page) return index;
    below &= ~(uint64_t{1} << highest);
  }
  return no_page;
}

Grant take_from(Process& process, Arena& arena, uint32_t want, uint32_t least, Cell& cell) {
  // A look without the lock: most arenas of a full cache have nothing long enough.
  if (arena.occupied.load(std::memory_order_relaxed) >> bin_of(least) == 0) return Grant::no_room;
  Section section(process.base(), arena.lock);
  if (!section) return Grant::busy;
  const Place place{section, arena, &process.page(0)};
  const uint32_t index = choose_page(arena, place.pages, want, least);
  if (index == no_page) return Grant::no_room;
  PageRecord& page = place.pages[index];
  const uint32_t units = std::min<uint32_t>(want, page.longest);
  const Survey survey = survey_page(page, units);
  RW_ASSERT(survey.length >= units && survey.longest == page.longest);
  mark(section, page, survey.start, units, true);
  section.set(page.free, static_cast<uint16_t>(page.free - units));
  const unsigned rest = survey.length - units;
  set_longest(place, index,
              survey.length == survey.longest ? std::max(survey.second, rest) : survey.longest);
  section.set(arena.free_units, arena.free_units.load(std::memory_order_relaxed) - units);
  section.set(cell, pack({process.first_unit(index) + survey.start, units}));
  return Grant::granted;
}

// Length of the free run that touches `at` from below or above, without crossing it.
unsigned free_below(const PageRecord& page, unsigned at) {
  unsigned n = 0;
  while (at > 0) {
    const unsigned bit = (at - 1) % 64;
    const uint64_t word = page.used[(at - 1) / 64] << (63 - bit);  // bit `at - 1` on top
    const unsigned clear = word == 0 ? bit + 1 : static_cast<unsigned>(__builtin_clzll(word));
    n += clear;
    if (clear < bit + 1) return n;
    at -= clear;
  }
  return n;
}

unsigned free_above(const PageRecord& page, unsigned at) {
  unsigned n = 0;
  while (at < units_per_page) {
    const unsigned bit = at % 64;
    const uint64_t word = page.used[at / 64] >> bit;
    const unsigned clear = word == 0 ? 64 - bit : static_cast<unsigned>(__builtin_ctzll(word));
    n += clear;
    if (clear < 64 - bit) return n;
    at += clear;
  }
  return n;
}

void give_back(Process& process, Section& section, Arena& arena, uint32_t index, unsigned start,
               unsigned units) {
  const Place place{section, arena, &process.page(0)};
  PageRecord& page = place.pages[index];
  mark(section, page, start, units, false);
  section.set(page.free, static_cast<uint16_t>(page.free + units));
  const unsigned merged = units + free_below(page, start) + free_above(page, start + units);
  set_longest(place, index, std::max<unsigned>(page.longest, merged));
  section.set(arena.free_units, arena.free_units.load(std::memory_order_relaxed) + units);
}

Arena& arena_of(Process& process, Ref unit) {
  return process.arena(process.page_of(unit) % process.super().arena_count);
}

// All of `run` but its first `units`.
void give_back_end(Process& process, Section& section, Run run, uint32_t units) {
  const uint32_t index = process.page_of(run.unit);
  give_back(process, section, arena_of(process, run.unit), index,
            run.unit - process.first_unit(index) + units, run.units - units);
}

}  // namespace

Grant take_run(Process& process, uint32_t want, uint32_t least, Cell& cell) {
  RW_ASSERT(least > 0);
  RW_ASSERT(least <= want);
  RW_ASSERT(want <= units_per_page);
  RW_ASSERT(cell.load(std::memory_order_relaxed) == 0);
  const uint32_t arenas = process.super().arena_count;
  bool busy = false;
  for (uint32_t i = 0; i < arenas; ++i) {
    Arena& arena = process.arena((process.slot_index() + i) % arenas);
    const Grant grant = take_from(process, arena, want, least, cell);
    if (grant == Grant::granted) return grant;
    if (grant == Grant::busy) {
      busy = true;
      break;
    }
  }
  return busy ? Grant::busy : Grant::no_room;
}

bool free_run(Process& process, Cell& cell, uint64_t replacement) {
  const Run run = unpack(cell.load(std::memory_order_relaxed));
  if (!run) return true;
  Arena& arena = arena_of(process, run.unit);
  Section section(process.base(), arena.lock);
  if (!section) return false;
  // The section of a dead owner may have been undone on the way in.
  if (cell.load(std::memory_order_relaxed) != pack(run)) return true;
  const uint32_t index = process.page_of(run.unit);
  // The cell may lie in the run itself: written first, undone last.
  section.set(cell, replacement);
  give_back(process, section, arena, index, run.unit - process.first_unit(index), run.units);
  return true;
}

bool trim_run(Process& process, Cell& cell, uint32_t units) {
  const Run run = unpack(cell.load(std::memory_order_relaxed));
  RW_ASSERT(units > 0);
  RW_ASSERT(units <= run.units);
  if (units == run.units) return true;
  Section section(process.base(), arena_of(process, run.unit).lock);
  if (!section) return false;
  section.set(cell, pack({run.unit, units}));
  give_back_end(process, section, run, units);
  return true;
}

bool trim_entry(Process& process, Entry& entry, uint32_t units) {
  const Run run{process.ref(&entry), entry.own_units};
  RW_ASSERT(units > 0);
  RW_ASSERT(units < run.units);
  Section section(process.base(), arena_of(process, run.unit).lock);
  if (!section) return false;
  section.set(entry.own_units, static_cast<uint16_t>(units));
  give_back_end(process, section, run, units);
  return true;
}

bool activate_page(std::byte* base, Superblock& super, uint32_t index) {
  Arena& arena = super.arenas[index % super.arena_count];
  Section section(base, arena.lock);
  if (!section) return false;
  PageRecord& page = super.pages[index];
  RW_ASSERT(page.state.load() == PageState::unsettled);
  section.set(page.free, static_cast<uint16_t>(units_per_page));
  section.set(page.longest, static_cast<uint16_t>(units_per_page));
  // Behind those that are free already: a cache that is not full uses the arena from its beginning,
  // and loses nothing when it shrinks to what it uses.
  link_page({section, arena, super.pages.get()}, index, bin_of(units_per_page), End::last);
  section.set(arena.free_units, arena.free_units.load() + units_per_page);
  section.set(arena.pages, arena.pages.load() + 1);
  section.set(page.state, PageState::open);
  return true;
}

bool close_page(std::byte* base, Superblock& super, uint32_t index) {
  Arena& arena = super.arenas[index % super.arena_count];
  Section section(base, arena.lock);
  if (!section) return false;
  PageRecord& page = super.pages[index];
  RW_ASSERT(page.state.load() == PageState::open);
  unlink_page({section, arena, super.pages.get()}, index);
  section.set(page.state, PageState::closed);
  return true;
}

bool reopen_page(std::byte* base, Superblock& super, uint32_t index) {
  Arena& arena = super.arenas[index % super.arena_count];
  Section section(base, arena.lock);
  if (!section) return false;
  PageRecord& page = super.pages[index];
  RW_ASSERT(page.state.load() == PageState::closed);
  link_page({section, arena, super.pages.get()}, index, bin_of(page.longest), End::last);
  section.set(page.state, PageState::open);
  return true;
}

bool retire_page(std::byte* base, Superblock& super, uint32_t index) {
  Arena& arena = super.arenas[index % super.arena_count];
  Section section(base, arena.lock);
  if (!section) return false;
  PageRecord& page = super.pages[index];
  RW_ASSERT(page.state.load() == PageState::closed);
  RW_ASSERT(page.free == units_per_page);
  section.set(arena.free_units, arena.free_units.load() - units_per_page);
  section.set(arena.pages, arena.pages.load() - 1);
  section.set(page.state, PageState::unsettled);
  return true;
}

}  // namespace ringwall::cache
