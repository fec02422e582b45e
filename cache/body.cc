#include "cache/body.h"

#include "cache/lru.h"
#include "cache/object.h"
#include "cache/pin.h"

namespace ringwall::cache {

bool share_content(Process& process, Entry& entry, Entry& body) {
  const uint64_t length = body.content_length.load(std::memory_order_relaxed);
  entry.content_length.store(length, std::memory_order_relaxed);
  entry.available.store(length, std::memory_order_relaxed);
  Section section(process.base(), process.shard_of(body).lock);
  if (!section || body.sharers == sharers_max) return false;
  RW_ASSERT(&content_entry(process, body) == &body);
  section.set(body.sharers, static_cast<uint16_t>(body.sharers + 1));
  section.set(extension(entry).body, pack({process.ref(&body), 0}));
  return true;
}

void leave_body(Process& process, Section& section, Shard& shard, Entry& entry) {
  if (!has(entry, shape::extended)) return;
  Cell& cell = extension(entry).body;
  const Run named = unpack(cell.load(std::memory_order_relaxed));
  if (named.unit == 0) return;
  Entry& body = process.entry(named.unit);
  RW_ASSERT(body.sharers > 0);
  section.set(body.sharers, static_cast<uint16_t>(body.sharers - 1));
  if (body.sharers > 0 || body.list != ListName::limbo || is_pinned(process.super(), body)) {
    section.set(cell, 0);
    return;
  }
  unlink_list(process, section, shard, body);
  section.set(cell, pack({named.unit, body.own_units}));
}

}  // namespace ringwall::cache
