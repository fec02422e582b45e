// Range, If-Range and Content-Range (RFC 9110 section 14): parsed, resolved against a length,
// written. Only the unit "bytes" is known. Pure, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/http/head_writer.h"

namespace ringwall::http {

/// More ranges than this in one request are as good as none: the whole is sent (section 14.2).
constexpr size_t ranges_max = 16;

/// What separates two parts of multipart/byteranges costs about as much: a smaller gap is sent.
constexpr uint64_t range_gap_bytes_max = 80;

/// Bytes first … last, both inclusive.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

/// A parsed Range: int-ranges and suffix-ranges in the order received.
struct RangeSet {
  struct Spec {
    uint64_t first = 0;
    uint64_t last = 0;    // UINT64_MAX: to the end; of a suffix: how many bytes
    bool suffix = false;
  };
  std::array<Spec, ranges_max> specs;
  size_t count = 0;
};

/// Nothing when the field is to be ignored: malformed, another unit, more than ranges_max.
std::optional<RangeSet> parse_range(std::string_view value);

/// The ranges that a representation of `length` bytes satisfies.
struct Selected {
  std::array<ByteRange, ranges_max> ranges;
  size_t count = 0;  // 0: not satisfiable, 416
};
/// Ranges that overlap, or lie closer together than a part's head would cost, are joined where they
/// are in ascending order; overlapping ones in any other order make the whole set one to ignore
/// (section 14.2: a request that costs more than it should), which gives the whole: one range over
/// all of it with `whole` true. So does a suffix of an empty representation, without a range.
struct Resolved {
  Selected selected;
  bool whole = false;  // to be asked first
};
Resolved resolve(const RangeSet& set, uint64_t length);

/// Content-Range of a 206: "bytes 0-99/1000" or "bytes 0-99/*".
struct ContentRange {
  ByteRange range;
  std::optional<uint64_t> complete_length;
};
std::optional<ContentRange> parse_content_range(std::string_view value);
/// Adds "Content-Range: bytes 0-99/1000".
void write_content_range(HeadWriter& writer, ByteRange range, uint64_t complete_length);
/// Adds "Content-Range: bytes */1000" (of a 416).
void write_unsatisfied_range(HeadWriter& writer, uint64_t complete_length);

}  // namespace ringwall::http
