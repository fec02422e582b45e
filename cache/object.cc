#include "cache/object.h"

#include <algorithm>
#include <cstring>

namespace ringwall::cache {

std::span<std::byte> first_extent(const Process& process, const Entry& entry) {
  if (has(entry, shape::in_run)) {
    const uint64_t offset = data_offset(entry);
    auto* run = reinterpret_cast<std::byte*>(const_cast<Entry*>(&entry));
    return {run + offset, entry.own_units * unit_bytes - offset};
  }
  const Run run = unpack(extension(entry).first.load(std::memory_order_acquire));
  return {process.at<std::byte>(run.unit), run.units * unit_bytes};
}

std::string_view selectors_of(const Process& process, const Entry& entry) {
  const bool waiting = entry.state.load(std::memory_order_acquire) == State::waiting;
  if (waiting || has(entry, shape::described)) return described_of(entry);
  if (entry.selectors_length == 0) return {};
  const std::span<std::byte> data = first_extent(process, entry);
  return {reinterpret_cast<const char*>(data.data()) + entry.tags * sizeof(uint64_t),
          entry.selectors_length};
}

uint64_t tag_of(const Process& process, const Entry& entry, unsigned index) {
  uint64_t tag = 0;
  std::memcpy(&tag, first_extent(process, entry).data() + index * sizeof(tag), sizeof(tag));
  return tag;
}

std::string_view head_of(const Process& process, const Entry& entry) {
  const std::span<std::byte> data = first_extent(process, entry);
  return {reinterpret_cast<const char*>(data.data()) + label_bytes(entry), entry.head_length};
}

Entry& content_entry(const Process& process, Entry& entry) {
  if (!has(entry, shape::extended)) return entry;
  const Run body = unpack(extension(entry).body.load(std::memory_order_acquire));
  return body.unit == 0 ? entry : process.entry(body.unit);
}

Cell* next_extent(const Process& process, Entry& entry, ExtentPlace& place) {
  Cell* link = nullptr;
  if (place.piece == nullptr) {
    if (!has(entry, shape::extended)) return nullptr;
    link = &extension(entry).table;
  } else if (place.index + 1 == place.piece->capacity) {
    link = &place.piece->next;
  }
  if (link == nullptr) {
    ++place.index;
    return &place.piece->cells()[place.index];
  }
  const Run piece = unpack(link->load(std::memory_order_acquire));
  if (!piece) return nullptr;
  place = {process.at<Piece>(piece.unit), 0};
  return &place.piece->cells()[0];
}

size_t content_spans(const Process& process, const Entry& entry, uint64_t offset, uint64_t length,
                     std::span<iovec> out) {
  const uint64_t available = entry.available.load(std::memory_order_acquire);
  if (offset >= available || length == 0) return 0;
  Entry& source = content_entry(process, const_cast<Entry&>(entry));
  uint64_t left = std::min(length, available - offset);
  uint64_t skip = label_bytes(source) + source.head_length + offset;
  std::span<std::byte> extent = first_extent(process, source);
  ExtentPlace place;
  size_t n = 0;
  while (n < out.size()) {
    if (skip < extent.size()) {
      const uint64_t part = std::min(left, extent.size() - skip);
      out[n++] = {extent.data() + skip, part};
      left -= part;
      skip = 0;
      if (left == 0) break;
    } else {
      skip -= extent.size();
    }
    const Cell* cell = next_extent(process, source, place);
    RW_ASSERT(cell != nullptr);
    const Run run = unpack(cell->load(std::memory_order_acquire));
    extent = {process.at<std::byte>(run.unit), run.units * unit_bytes};
  }
  return n;
}

}  // namespace ringwall::cache
