// One response as the load generator reads it: framing, and content checked byte by byte.
//
// feed() takes bytes as they come and says when the response is whole or why it cannot be right.
// One object per connection, begun anew for each request; no allocation per response once warm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/content.h"

namespace ringwall::support {

class Response {
 public:
  enum class State { more, whole, broken };

  /// Expects the answer to a GET of `path` (with its query).
  void begin(std::string_view path);
  /// Takes bytes; sets `used` to how many belong to this response.
  State feed(std::string_view bytes, size_t& used);
  /// The peer closed: whole only where the framing is "until close".
  State end() const {
    return state_ == Part::until_close && matches_ ? State::whole : State::broken;
  }

  bool started() const { return state_ != Part::head || !head_.empty(); }
  unsigned status() const { return status_; }
  bool matches() const { return matches_; }
  bool closes() const { return closes_; }
  bool hit() const { return hit_; }
  uint64_t body_bytes() const { return offset_; }
  const std::string& wrong() const { return wrong_; }

 private:
  enum class Part { head, length, chunk_line, chunk, chunk_end, trailers, until_close, whole };

  State take_head();
  void take_field(std::string_view line);
  void check(std::string_view piece);
  State take_line(std::string_view bytes, size_t& used);
  State end_line();
  State finish();
  State fail(std::string why);

  Part state_ = Part::head;
  std::string head_;  // of the response, later the line being collected
  std::string path_;
  std::string wrong_;
  Content content_{0};
  std::optional<uint64_t> expected_;
  std::optional<uint64_t> length_;
  uint64_t left_ = 0;
  uint64_t offset_ = 0;
  unsigned status_ = 0;
  bool chunked_ = false, closes_ = false, matches_ = true, hit_ = false;
};

}  // namespace ringwall::support
