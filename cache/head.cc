#include "cache/head.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cache/arena.h"
#include "cache/extents.h"
#include "cache/object.h"
#include "daemon/base/limits.h"

namespace ringwall::cache {
namespace {

constexpr float averaged_over = 16;
// With fewer small responses than this a permit takes no more than it needs.
constexpr float small_share_min = 0.125;
// Mean deviations above the mean: nineteen of twenty normally distributed sizes.
constexpr float spreads = 2;

/// What the head needs of the entry's own run.
struct Fit {
  uint8_t shape = 0;
  uint64_t data_at = 0;  // of the own run
  uint64_t front = 0;    // bytes of labels and head
};

Fit fit(const Entry& entry, const NewHead& head) {
  Fit fit;
  const bool described = head.labels.selectors == described_of(entry);
  fit.front = head.labels.tags.size_bytes() + (described ? 0 : head.labels.selectors.size()) +
              head.text.size();
  fit.shape = described ? shape::described : 0;
  const uint64_t fixed = fixed_bytes(entry);
  const uint64_t room = entry.own_units * unit_bytes;
  if (!head.renews && head.content_length && fixed + fit.front + *head.content_length <= room) {
    fit.shape |= shape::in_run;
    fit.data_at = fixed;
    return fit;
  }
  fit.shape |= shape::extended;
  fit.data_at = extended_bytes(fixed);
  // Without a length it begins in the run if there is room for something.
  const uint64_t least = head.renews ? 0 : unit_bytes;
  const bool begins = head.renews || !head.content_length;
  if (begins && fit.data_at + fit.front + least <= room) fit.shape |= shape::in_run;
  return fit;
}

// The extent that begins with the data. Small objects get one extent; without a length the first is
// small, since most responses of unknown length are.
bool take_first(Process& process, Entry& entry, FillState& fill, uint64_t front,
                std::optional<uint64_t> content_length, Budget& budget) {
  const uint64_t total =
      content_length ? front + *content_length : std::max<uint64_t>(front * 2, small_bytes_max);
  const uint32_t want = want_units(total);
  uint32_t least = want;
  if (!content_length || total > small_bytes_max) {
    least = std::min(want, std::max(short_extent_units, units_for(front)));
  }
  Cell& first = extension(entry).first;
  Grant grant = obtain_run(process, want, least, first, budget);
  // Rather in pieces than not at all; but the head in one.
  if (grant == Grant::no_room) {
    grant =
        take_run(process, want, std::min(least, std::max(shred_units, units_for(front))), first);
  }
  if (grant != Grant::granted) return false;
  const uint32_t units = unpack(first.load(std::memory_order_relaxed)).units;
  fill.tail = &first;
  fill.tail_used = front;
  fill.reserved = units * unit_bytes - front;
  fill.charged_units += units;
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

bool take_room(Process& process, unsigned ticket, Entry& entry, const NewHead& head, const Fit& fit,
               Budget& budget) {
  FillState& fill = process.fills[ticket];
  const uint64_t content = head.renews ? 0 : head.content_length.value_or(0);
  const bool in_run = (fit.shape & shape::in_run) != 0;
  if (!in_run) {
    trim_own_run(process, entry, fill, units_for(fit.data_at));
    if (!take_first(process, entry, fill, fit.front,
                    head.renews ? uint64_t{0} : head.content_length, budget)) {
      return false;
    }
    return reserve_rest(process, entry, fill, process.own_ticket(ticket), content, budget);
  }
  if (head.content_length || head.renews) {
    trim_own_run(process, entry, fill, units_for(fit.data_at + fit.front + content));
  }
  fill.tail_used = fit.data_at + fit.front;
  fill.reserved = entry.own_units * unit_bytes - fill.tail_used;
  return true;
}

void write_front(Process& process, Entry& entry, const NewHead& head) {
  std::byte* to = first_extent(process, entry).data();
  const auto append = [&](const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
    to += bytes;
  };
  append(head.labels.tags.data(), head.labels.tags.size_bytes());
  if (!has(entry, shape::described)) {
    append(head.labels.selectors.data(), head.labels.selectors.size());
  }
  append(head.text.data(), head.text.size());
}

}  // namespace

bool is_too_large(const Process& process, const NewHead& head) {
  const uint64_t front =
      head.labels.tags.size_bytes() + head.labels.selectors.size() + head.text.size();
  return front > base::head_bytes_max ||
         head.content_length.value_or(0) > object_bytes_max(process);
}

bool place_head(Process& process, unsigned ticket, const NewHead& head, Budget& budget) {
  Entry& entry = process.entry(process.own_ticket(ticket).entry.load(std::memory_order_relaxed));
  const Fit where = fit(entry, head);
  if (head.content_length && !head.renews) {
    note_units(process, fixed_bytes(entry) + where.front + *head.content_length);
  }
  // Empty before the shape names it: a recoverer would take what lay in the memory for runs.
  if ((where.shape & shape::extended) != 0) new (&extension(entry)) Extension{};
  kill_point();
  entry.shape.store(where.shape, std::memory_order_release);
  kill_point();
  if (!take_room(process, ticket, entry, head, where, budget)) return false;
  entry.tags = static_cast<uint8_t>(head.labels.tags.size());
  entry.selectors_length = static_cast<uint16_t>(head.labels.selectors.size());
  entry.head_length = static_cast<uint32_t>(head.text.size());
  entry.facts = head.facts;
  write_front(process, entry, head);
  kill_point();
  return true;
}

UsualUnits usual_units(const Process& process) {
  if (process.small_share < small_share_min) return {};
  // To the nearest: where all need the same, averages that lie a little above it still say so.
  const float ample = process.usual_units + spreads * process.usual_spread;
  return {static_cast<uint32_t>(std::lround(process.usual_units)),
          static_cast<uint32_t>(std::lround(ample))};
}

void note_units(Process& process, uint64_t bytes) {
  const bool small = bytes <= permit_units * unit_bytes;
  process.small_share += ((small ? 1.0F : 0.0F) - process.small_share) / averaged_over;
  if (!small) return;
  const auto units = static_cast<float>(units_for(bytes));
  if (process.usual_units == 0) process.usual_units = units;
  const float off = units - process.usual_units;
  process.usual_units += off / averaged_over;
  process.usual_spread += (std::abs(off) - process.usual_spread) / averaged_over;
}

uint32_t want_units(uint64_t bytes) {
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(units_for(std::min(bytes, page_bytes)), 1, units_per_page));
}

}  // namespace ringwall::cache
