// What an entry holds, for those who read it: its selectors, tags, head and content, wherever they
// lie (drawn in cache/entry.h). Needs a pin, or the section of the entry's shard.
//
// Readers see content up to Entry::available only; what holds it never moves.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string_view>

#include "cache/layout.h"
#include "cache/process.h"

namespace ringwall::cache {

/// The selectors of a response once its head is there, of the request that began the fill before.
std::string_view selectors_of(const Process& process, const Entry& entry);

/// Tag `index` of Entry::tags. Requires: the head is there.
uint64_t tag_of(const Process& process, const Entry& entry, unsigned index);

/// Requires: the head is there.
std::string_view head_of(const Process& process, const Entry& entry);

/// Pieces of the content from `offset` on, at most `length` bytes and what is available.
size_t content_spans(const Process& process, const Entry& entry, uint64_t offset, uint64_t length,
                     std::span<iovec> out);

/// The entry whose extents hold the content: its body, or itself.
Entry& content_entry(const Process& process, Entry& entry);

/// Bytes of the data before the head.
inline uint64_t label_bytes(const Entry& entry) {
  return entry.tags * sizeof(uint64_t) +
         (has(entry, shape::described) ? 0 : entry.selectors_length);
}

/// The first extent: where the data begins, and how much of it there is room for.
std::span<std::byte> first_extent(const Process& process, const Entry& entry);

/// The cell of the extent behind `place`, or nothing where the table ends.
Cell* next_extent(const Process& process, Entry& entry, ExtentPlace& place);

}  // namespace ringwall::cache
