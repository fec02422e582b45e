// Reply: what a client gets of a stored representation: all of it, a 304, some ranges of it, or a
// 416 (RFC 9110 sections 13.2.2 and 14).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cache/facts.h"
#include "daemon/http/cache_status.h"
#include "daemon/http/head_writer.h"
#include "daemon/http/range.h"
#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {

struct Reply {
  enum class Kind : uint8_t { whole, not_modified, part, parts, unsatisfiable };
  Kind kind = Kind::whole;
  std::optional<http::Selected> ranges;  // of part and parts; their room is not for every hit
};

/// `length`: of the content, as far as it is known; without it ranges are not served. `complete`:
/// all of it is there, so that several ranges can be sent.
Reply reply_to(const Exchange& exchange, const cache::Facts& facts, std::string_view head,
               std::optional<uint64_t> length, bool complete);

/// The lines that ringwall adds to a response from the cache: Age, Cache-Status, Via, and
/// Content-Range where the reply has one.
class Added {
 public:
  Added(const Exchange& exchange, const cache::Facts& facts, http::CacheStatus status);
  http::HeadWriter& writer() { return writer_; }
  /// What a 416 has in place of the stored lines: Date and Content-Range.
  void write_unsatisfied(const Exchange& exchange, uint64_t length);
  std::string_view text() const { return writer_.text(); }

 private:
  std::array<char, 512> room_;
  http::HeadWriter writer_{room_};
};

/// A multipart/byteranges content (RFC 9110 section 14.6): what stands before each part and behind
/// the last, and how long all of it is.
class Multipart {
 public:
  Multipart(const http::Selected& ranges, std::string_view content_type, uint64_t length);
  /// `part` may be ranges.count: what closes the whole.
  std::string_view before(size_t part) const;
  uint64_t total() const { return total_; }
  std::string content_type() const;

 private:
  std::string boundary_;
  std::string text_;
  std::array<size_t, http::ranges_max + 2> at_ = {};
  uint64_t total_ = 0;
};

/// The serialised lines without those named `name`.
std::string without_line(std::string_view lines, std::string_view name);

}  // namespace ringwall::proxy
