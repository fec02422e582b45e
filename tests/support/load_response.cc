#include "tests/support/load_response.h"

#include <strings.h>

#include <cstdlib>

namespace ringwall::support {
namespace {

constexpr size_t head_bytes_max = 65536;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

void Response::begin(std::string_view path) {
  const std::string_view bare = path.substr(0, path.find('?'));
  state_ = Part::head;
  head_.clear();
  path_ = path;
  wrong_.clear();
  content_ = Content(content_seed(bare));
  expected_ = content_size(bare);
  length_.reset();
  left_ = offset_ = 0;
  status_ = 0;
  chunked_ = closes_ = hit_ = false;
  matches_ = true;
}

Response::State Response::fail(std::string why) {
  if (wrong_.empty()) wrong_ = std::move(why);
  return State::broken;
}

void Response::check(std::string_view piece) {
  if (expected_ && status_ == 200 && matches_) {
    const size_t same_bytes = content_.matching(offset_, piece);
    if (same_bytes < piece.size()) {
      matches_ = false;
      wrong_ = "content differs at byte " + std::to_string(offset_ + same_bytes) + ": " +
               std::string(piece.substr(same_bytes, 32));
    } else if (offset_ + piece.size() > *expected_) {
      matches_ = false;
      wrong_ = "content is too long";
    }
  }
  offset_ += piece.size();
}

void Response::take_field(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos) return;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (same(name, "content-length"))
    length_ = std::strtoull(std::string(value).c_str(), nullptr, 10);
  if (same(name, "transfer-encoding")) chunked_ = same(value, "chunked");
  if (same(name, "connection")) closes_ = same(value, "close");
  if (same(name, "cache-status")) hit_ = value.find("; hit") != value.npos;
}

Response::State Response::take_head() {
  std::string_view rest = head_;
  if (rest.size() < 13 || !rest.starts_with("HTTP/1.1 ")) return fail("no HTTP/1.1 status line");
  status_ = static_cast<unsigned>(std::atoi(head_.c_str() + 9));
  if (status_ >= 100 && status_ < 200) {
    head_.clear();
    return State::more;
  }
  rest.remove_prefix(rest.find("\r\n") + 2);
  while (!rest.starts_with("\r\n")) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    take_field(line);
    rest.remove_prefix(line.size() + 2);
  }
  head_.clear();
  if (status_ == 204 || status_ == 304) return finish();
  if (chunked_ && length_) return fail("both length and chunks");
  if (chunked_) {
    state_ = Part::chunk_line;
  } else if (length_) {
    left_ = *length_;
    state_ = Part::length;
    if (left_ == 0) return finish();
  } else {
    state_ = Part::until_close;
    closes_ = true;
  }
  return State::more;
}

Response::State Response::finish() {
  state_ = Part::whole;
  if (expected_ && status_ == 200 && matches_ && offset_ != *expected_) {
    matches_ = false;
    wrong_ = "content has " + std::to_string(offset_) + " bytes of " + std::to_string(*expected_);
  }
  return State::whole;
}

Response::State Response::end_line() {
  std::string line;
  line.swap(head_);
  if (state_ == Part::trailers) return line.empty() ? finish() : State::more;
  if (state_ == Part::chunk_end) {
    state_ = Part::chunk_line;
    return line.empty() ? State::more : fail("chunk is longer than its size");
  }
  char* end = nullptr;
  left_ = std::strtoull(line.c_str(), &end, 16);
  if (line.empty() || (*end != 0 && *end != ';')) return fail("bad chunk size: " + line);
  state_ = left_ == 0 ? Part::trailers : Part::chunk;
  return State::more;
}

Response::State Response::take_line(std::string_view bytes, size_t& used) {
  const size_t end = bytes.find('\n');
  used = end == bytes.npos ? bytes.size() : end + 1;
  head_.append(bytes.substr(0, used));
  if (end == bytes.npos) return head_.size() > head_bytes_max ? fail("endless line") : State::more;
  if (!head_.ends_with("\r\n")) return fail("bare LF in chunk framing");
  head_.resize(head_.size() - 2);
  return end_line();
}

Response::State Response::feed(std::string_view bytes, size_t& used) {
  used = 0;
  while (used < bytes.size()) {
    std::string_view rest = bytes.substr(used);
    State state = State::more;
    if (state_ == Part::head) {
      const size_t line_end = rest.find('\n');
      const size_t n = line_end == rest.npos ? rest.size() : line_end + 1;
      head_.append(rest.substr(0, n));
      used += n;
      if (head_.ends_with("\r\n\r\n"))
        state = take_head();
      else if (head_.size() > head_bytes_max)
        state = fail("endless head");
    } else if (state_ == Part::length || state_ == Part::chunk) {
      rest = rest.substr(0, left_);
      check(rest);
      used += rest.size();
      left_ -= rest.size();
      if (left_ == 0 && state_ == Part::length)
        state = finish();
      else if (left_ == 0)
        state_ = Part::chunk_end;
    } else if (state_ == Part::until_close) {
      check(rest);
      used += rest.size();
    } else {
      size_t n = 0;
      state = take_line(rest, n);
      used += n;
    }
    if (state != State::more) return state;
  }
  return State::more;
}

}  // namespace ringwall::support
