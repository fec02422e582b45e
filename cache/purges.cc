#include "cache/purges.h"

#include <algorithm>

#include "cache/index.h"
#include "cache/object.h"

namespace ringwall::cache {
namespace {

// Records that one section clears.
constexpr unsigned clears_max = 16;

/// The hardest of the purges after an epoch.
class Test {
 public:
  explicit Test(uint32_t since) : since_(since) {}
  bool concerns(uint64_t bits) const {
    const Epochs epochs = unpack_epochs(bits);
    return is_newer(epochs.hard, since_) || is_newer(epochs.soft, since_);
  }
  void add(uint64_t bits) {
    const Epochs epochs = unpack_epochs(bits);
    if (is_newer(epochs.hard, since_)) {
      verdict_ = Verdict::hard;
    } else if (is_newer(epochs.soft, since_) && verdict_ == Verdict::untouched) {
      verdict_ = Verdict::soft;
    }
  }
  Verdict verdict() const { return verdict_; }

 private:
  uint32_t since_;
  Verdict verdict_ = Verdict::untouched;
};

void test_prefixes(const Process& process, std::string_view key, Test& test) {
  const PurgeTable& table = process.purges();
  const uint32_t places = table.prefixes.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < places; ++i) {
    const PrefixPurge& place = table.prefix[i];
    const uint64_t epochs = place.epochs.load(std::memory_order_acquire);
    if (!test.concerns(epochs)) continue;
    const uint32_t length = place.length.load(std::memory_order_relaxed);
    if (length > key.size()) continue;
    const uint64_t hash = hash_text(process.super(), key.substr(0, length));
    if (hash == place.hash.load(std::memory_order_relaxed)) test.add(epochs);
  }
}

constexpr unsigned home_of(uint64_t tag) {
  return static_cast<unsigned>(tag % tag_places);
}

void test_tag(const PurgeTable& table, uint64_t tag, Test& test) {
  for (unsigned probe = 0; probe < tag_probes_max; ++probe) {
    const TagPurge& place = table.tag[(home_of(tag) + probe) % tag_places];
    const uint64_t there = place.tag.load(std::memory_order_acquire);
    if (there == TagPurge::free) return;
    if (there != tag) continue;
    const uint64_t epochs = place.epochs.load(std::memory_order_acquire);
    // Still the same tag's: the place may have been cleared and given to another meanwhile.
    if (place.tag.load(std::memory_order_acquire) == tag) test.add(epochs);
    return;
  }
}

uint64_t raised(uint64_t bits, bool soft, uint32_t epoch) {
  Epochs epochs = unpack_epochs(bits);
  (soft ? epochs.soft : epochs.hard) = epoch;
  return pack_epochs(epochs);
}

// The place of a tag, or one for it; nothing: none within reach.
TagPurge* place_for_tag(PurgeTable& table, uint64_t tag) {
  TagPurge* vacant = nullptr;
  for (unsigned probe = 0; probe < tag_probes_max; ++probe) {
    TagPurge& place = table.tag[(home_of(tag) + probe) % tag_places];
    const uint64_t there = place.tag.load(std::memory_order_relaxed);
    if (there == tag) return &place;
    if (there <= TagPurge::cleared && vacant == nullptr) vacant = &place;
    if (there == TagPurge::free) break;
  }
  return table.tags.load(std::memory_order_relaxed) < pending_tags_max ? vacant : nullptr;
}

PrefixPurge* place_for_prefix(PurgeTable& table, uint64_t hash, uint32_t length) {
  PrefixPurge* vacant = nullptr;
  for (PrefixPurge& place : table.prefix) {
    if (place.epochs.load(std::memory_order_relaxed) == 0) {
      if (vacant == nullptr) vacant = &place;
    } else if (place.hash.load(std::memory_order_relaxed) == hash &&
               place.length.load(std::memory_order_relaxed) == length) {
      return &place;
    }
  }
  return vacant;
}

bool record_tag(Section& section, PurgeTable& table, const Purge& purge, uint32_t epoch) {
  TagPurge* place = place_for_tag(table, purge.tag);
  if (place == nullptr) return false;
  if (place->tag.load(std::memory_order_relaxed) != purge.tag) {
    section.set(place->epochs, raised(0, purge.soft, epoch));
    section.set(place->tag, purge.tag);
    section.set(table.tags, table.tags.load() + 1);
    section.set(table.pending, table.pending.load() + 1);
    return true;
  }
  section.set(place->epochs, raised(place->epochs.load(), purge.soft, epoch));
  return true;
}

bool record_prefix(Section& section, PurgeTable& table, uint64_t hash, const Purge& purge,
                   uint32_t epoch) {
  const auto length = static_cast<uint32_t>(purge.text.size());
  PrefixPurge* place = place_for_prefix(table, hash, length);
  if (place == nullptr) return false;
  const uint64_t epochs = place->epochs.load();
  if (epochs == 0) {
    section.set(place->hash, hash);
    section.set(place->length, length);
    section.set(table.pending, table.pending.load() + 1);
  }
  section.set(place->epochs, raised(epochs, purge.soft, epoch));
  const auto places = static_cast<uint32_t>(place - table.prefix) + 1;
  if (places > table.prefixes.load()) section.set(table.prefixes, places);
  return true;
}

bool is_over(uint64_t bits, uint32_t limit) {
  const Epochs epochs = unpack_epochs(bits);
  return bits != 0 && !is_newer(epochs.hard, limit) && !is_newer(epochs.soft, limit);
}

// The epoch up to which all fills were tested by all they will ever be tested by but their end.
uint32_t oldest_fill_epoch(const Process& process, uint32_t limit) {
  for (unsigned slot = 0; slot < slots_max; ++slot) {
    if (process.slot(slot).dirty.load(std::memory_order_acquire) == 0) continue;
    for (unsigned i = 0; i < tickets_max; ++i) {
      const Ticket& ticket = process.ticket(slot, i);
      if (ticket.entry.load(std::memory_order_acquire) == 0) continue;
      const uint32_t epoch = ticket.epoch.load(std::memory_order_acquire);
      if (is_newer(limit, epoch)) limit = epoch;
    }
  }
  return limit;
}

// Some of the records that are over; whether there may be more.
bool clear_some(Section& section, PurgeTable& table, uint32_t limit, unsigned& from) {
  unsigned cleared = 0;
  if (is_over(table.all.load(), limit)) {
    section.set(table.all, 0);
    ++cleared;
  }
  uint32_t places = 0;
  for (unsigned i = 0; i < pending_prefixes_max && cleared < clears_max; ++i) {
    if (is_over(table.prefix[i].epochs.load(), limit)) {
      section.set(table.prefix[i].epochs, 0);
      ++cleared;
    }
    if (table.prefix[i].epochs.load() != 0) places = i + 1;
  }
  if (cleared < clears_max && places != table.prefixes.load()) section.set(table.prefixes, places);
  unsigned tags = 0;
  for (; from < tag_places && cleared + tags < clears_max; ++from) {
    if (!is_over(table.tag[from].epochs.load(), limit)) continue;
    section.set(table.tag[from].tag, TagPurge::cleared);
    section.set(table.tag[from].epochs, 0);
    ++tags;
  }
  section.set(table.tags, table.tags.load() - tags);
  section.set(table.pending, table.pending.load() - cleared - tags);
  return cleared + tags == clears_max || from < tag_places;
}

}  // namespace

Verdict purged_since_checked(const Process& process, const Entry& entry) {
  const PurgeTable& table = process.purges();
  if (table.pending.load(std::memory_order_acquire) == 0) return Verdict::untouched;
  Test test(entry.checked);
  test.add(table.all.load(std::memory_order_acquire));
  test_prefixes(process, key_of(entry), test);
  const State state = entry.state.load(std::memory_order_acquire);
  if (state == State::waiting || state == State::marker) return test.verdict();
  if (table.tags.load(std::memory_order_acquire) == 0) return test.verdict();
  for (unsigned i = 0; i < entry.tags; ++i) test_tag(table, tag_of(process, entry, i), test);
  return test.verdict();
}

bool catch_up(Process& process, Entry& entry, uint32_t epoch) {
  const State state = entry.state.load(std::memory_order_acquire);
  const Verdict verdict = purged_since_checked(process, entry);
  if (verdict == Verdict::hard && !is_fill(state)) return true;
  // Not logged: to mark twice is no harm, and the epoch rises when the mark is there.
  if (verdict == Verdict::hard) entry.marks.fetch_or(mark::hidden, std::memory_order_release);
  if (verdict == Verdict::soft && state != State::marker) {
    entry.marks.fetch_or(mark::soft, std::memory_order_release);
    if (state == State::live) count_purged(process, entry);
  }
  kill_point();
  if (state == State::waiting) return false;  // its tags are not known yet
  entry.checked = epoch;
  if (state == State::filling) {
    process.ticket(slot_of(entry.link.load()), ticket_of(entry)).epoch.store(epoch);
  }
  kill_point();
  return false;
}

void test_own_fill(Process& process, Entry& entry, Ticket& ticket) {
  const uint32_t epoch = purge_epoch(process);
  if (entry.checked == epoch) return;
  const Verdict verdict = purged_since_checked(process, entry);
  if (verdict == Verdict::hard) entry.marks.fetch_or(mark::hidden, std::memory_order_release);
  if (verdict == Verdict::soft) entry.marks.fetch_or(mark::soft, std::memory_order_release);
  kill_point();
  ticket.epoch.store(epoch, std::memory_order_release);
  kill_point();
}

void count_purged(Process& process, const Entry& entry) {
  PurgeTable& table = process.purges();
  table.objects.fetch_add(1, std::memory_order_relaxed);
  table.bytes.fetch_add(entry.head_length + entry.content_length.load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
  process.count(Count::purged);
}

bool record_purge(Process& process, const Purge& purge) {
  PurgeTable& table = process.purges();
  const uint64_t hash = hash_text(process.super(), purge.text);
  Section section(process.base(), table.lock);
  if (!section) return false;
  std::atomic<uint32_t>& epoch = process.super().epoch;
  const uint32_t next = epoch.load() + 1 == 0 ? 1 : epoch.load() + 1;
  if (purge.kind == Purge::Kind::tag) {
    if (!record_tag(section, table, purge, next)) return false;
  } else if (purge.kind == Purge::Kind::prefix) {
    if (!record_prefix(section, table, hash, purge, next)) return false;
  } else {
    RW_ASSERT(purge.kind == Purge::Kind::all);
    if (table.all.load() == 0) section.set(table.pending, table.pending.load() + 1);
    section.set(table.all, raised(table.all.load(), purge.soft, next));
  }
  epoch.store(next, std::memory_order_release);
  kill_point();
  return true;
}

void clear_swept(Process& process, uint32_t epoch) {
  PurgeTable& table = process.purges();
  const uint32_t limit = oldest_fill_epoch(process, epoch);
  unsigned from = 0;
  for (bool more = true; more;) {
    Section section(process.base(), table.lock);
    if (!section) return;
    more = clear_some(section, table, limit, from);
  }
  Section section(process.base(), table.lock);
  if (!section || table.tags.load() != 0) return;
  // With no tag left the marks of cleared ones need not lengthen searches. Not logged: each store
  // for itself is right.
  for (TagPurge& place : table.tag) {
    if (place.tag.load(std::memory_order_relaxed) != TagPurge::free) {
      place.tag.store(TagPurge::free, std::memory_order_relaxed);
    }
  }
}

}  // namespace ringwall::cache
