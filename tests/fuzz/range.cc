// Ranges: whatever is asked for, what is sent lies inside the representation, no byte is sent
// twice, and a Content-Range that is read, written and read again is the same.
#include "daemon/http/range.h"

#include <array>

#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

void check_resolved(const RangeSet& set, uint64_t length) {
  Resolved resolved = resolve(set, length);
  const Selected& selected = resolved.selected;
  CHECK(selected.count <= set.count);
  uint64_t bytes = 0;
  for (size_t i = 0; i < selected.count; ++i) {
    const ByteRange& range = selected.ranges[i];
    CHECK(range.first <= range.last && range.last < length);
    bytes += range.length();
    CHECK(bytes <= length);
    for (size_t j = 0; j < i; ++j) {
      const ByteRange& other = selected.ranges[j];
      CHECK(range.first > other.last || other.first > range.last);
    }
  }
  if (resolved.whole) CHECK(bytes == length);
}

void check_content_range(std::string_view text) {
  auto parsed = parse_content_range(text);
  if (!parsed) return;
  CHECK(parsed->range.first <= parsed->range.last && parsed->range.length() != 0);
  if (!parsed->complete_length) return;
  CHECK(parsed->range.last < *parsed->complete_length);
  std::array<char, 200> room;
  HeadWriter writer{std::span<char>(room)};
  write_content_range(writer, parsed->range, *parsed->complete_length);
  constexpr std::string_view name = "Content-Range: ";
  CHECK(writer.ok() && writer.text().starts_with(name) && writer.text().ends_with("\r\n"));
  std::string_view value = writer.text().substr(name.size());
  value.remove_suffix(2);
  auto again = parse_content_range(value);
  CHECK(again && again->range == parsed->range);
  CHECK(again->complete_length == parsed->complete_length);
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  if (auto set = parse_range(text)) {
    CHECK(set->count > 0 && set->count <= ranges_max);
    for (uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{100}, uint64_t{5000}, UINT64_MAX}) {
      check_resolved(*set, length);
    }
  }
  check_content_range(text);
  return 0;
}
