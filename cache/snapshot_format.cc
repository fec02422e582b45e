#include "cache/snapshot_format.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "cache/layout.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

// Who adds a member to Facts adds it here, and raises the version.
static_assert(sizeof(Facts) == 28);
static_assert(snapshot_start_bytes == snapshot_magic.size() + sizeof(snapshot_version));

constexpr size_t checked_at = sizeof(uint64_t);
constexpr uint32_t again_flag = 1;
constexpr uint32_t soft_flag = 2;

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i) & 255);
}

template <class T>
void set(std::string& out, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out[at + i] = static_cast<char>(value >> (8 * i) & 255);
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

/// Takes values off a payload; what is missing reads as zero and is told.
class Taking {
 public:
  explicit Taking(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    if (rest_.size() < sizeof(T)) return missing<T>();
    T value = 0;
    for (size_t i = sizeof(T); i-- > 0;) {
      value = static_cast<T>(value << 8 | static_cast<unsigned char>(rest_[i]));
    }
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view text(size_t bytes_max) {
    const auto size = number<uint32_t>();
    if (size > bytes_max || size > rest_.size()) return missing<int>(), std::string_view();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  bool complete() const { return !damaged_ && rest_.empty(); }

 private:
  template <class T>
  T missing() {
    damaged_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool damaged_ = false;
};

uint64_t check_of(std::string_view checked, uint64_t number) {
  return XXH3_64bits_withSeed(checked.data(), checked.size(), number);
}

// As far as the rules rely on it: no line can end the head, or be cut by a bare CR or LF.
bool is_lines(std::string_view head) {
  while (!head.empty()) {
    const size_t end = head.find('\r');
    if (end == 0 || end == std::string_view::npos || head.substr(end, 2) != "\r\n") return false;
    const std::string_view line = head.substr(0, end);
    if (line.find('\n') != std::string_view::npos || line.find('\0') != std::string_view::npos ||
        line.find(':') == std::string_view::npos) {
      return false;
    }
    head.remove_prefix(end + 2);
  }
  return true;
}

Facts take_facts(Taking& in) {
  Facts facts;
  facts.response_time_s = in.number<uint32_t>();
  facts.age_at_response_s = in.number<uint32_t>();
  facts.lifetime_s = in.number<uint32_t>();
  facts.stale_while_revalidate_s = in.number<uint32_t>();
  facts.stale_if_error_s = in.number<uint32_t>();
  facts.status = in.number<uint16_t>();
  facts.flags = in.number<uint16_t>();
  facts.origin_ms = in.number<uint32_t>();
  return facts;
}

}  // namespace

void write_start(std::string& out) {
  out += snapshot_magic;
  put(out, snapshot_version);
}

void write_block(std::string& out, uint64_t number, BlockKind kind, std::string_view payload) {
  const size_t begin = out.size();
  put(out, uint64_t{0});
  put(out, static_cast<uint32_t>(kind));
  put(out, static_cast<uint32_t>(payload.size()));
  out += payload;
  const std::string_view checked = std::string_view(out).substr(begin + checked_at);
  set(out, begin, check_of(checked, number));
}

std::string payload_of(const SnapshotResponse& response) {
  std::string out;
  put(out, static_cast<uint64_t>(response.used_at_ms));
  put(out, response.content_length);
  put(out, response.hits);
  put(out, (response.again ? again_flag : 0) | (response.purged_soft ? soft_flag : 0));
  put(out, response.facts.response_time_s);
  put(out, response.facts.age_at_response_s);
  put(out, response.facts.lifetime_s);
  put(out, response.facts.stale_while_revalidate_s);
  put(out, response.facts.stale_if_error_s);
  put(out, response.facts.status);
  put(out, response.facts.flags);
  put(out, response.facts.origin_ms);
  put_text(out, response.key);
  put_text(out, response.selectors);
  put_text(out, response.head);
  put(out, static_cast<uint32_t>(response.tags.size()));
  for (const uint64_t tag : response.tags) put(out, tag);
  return out;
}

std::string payload_of(const SnapshotEnd& end) {
  std::string out;
  put(out, end.responses);
  put(out, end.content_bytes);
  return out;
}

base::Status read_start(std::string_view bytes) {
  if (bytes.substr(0, snapshot_magic.size()) != snapshot_magic) {
    return base::fail("this is no snapshot of a cache");
  }
  Taking in(bytes.substr(snapshot_magic.size(), sizeof(snapshot_version)));
  const auto version = in.number<uint32_t>();
  if (!in.complete()) return base::fail("this snapshot is cut off at its very start");
  if (version != snapshot_version) {
    return base::fail(fmt::format("this snapshot is of version {}; this release reads version {}",
                                  version, snapshot_version));
  }
  return {};
}

Block read_block(std::string_view bytes, uint64_t number) {
  Block block;
  if (bytes.size() < block_head_bytes) return block;
  Taking in(bytes.substr(0, block_head_bytes));
  const auto check = in.number<uint64_t>();
  block.kind = static_cast<BlockKind>(in.number<uint32_t>());
  const auto length = in.number<uint32_t>();
  block.state = Block::State::damaged;
  if (block.kind < BlockKind::response || block.kind > BlockKind::end) return block;
  if (length > content_block_bytes) return block;
  block.bytes = block_head_bytes + length;
  if (bytes.size() < block.bytes) {
    block.state = Block::State::incomplete;
    return block;
  }
  if (check_of(bytes.substr(checked_at, block.bytes - checked_at), number) != check) return block;
  block.payload = bytes.substr(block_head_bytes, length);
  block.state = Block::State::complete;
  return block;
}

std::optional<SnapshotResponse> read_response(std::string_view payload) {
  Taking in(payload);
  SnapshotResponse response;
  response.used_at_ms = static_cast<int64_t>(in.number<uint64_t>());
  response.content_length = in.number<uint64_t>();
  response.hits = in.number<uint32_t>();
  const auto flags = in.number<uint32_t>();
  response.again = (flags & again_flag) != 0;
  response.purged_soft = (flags & soft_flag) != 0;
  response.facts = take_facts(in);
  response.key = in.text(key_bytes_max);
  response.selectors = in.text(selectors_bytes_max);
  response.head = in.text(base::head_bytes_max);
  const auto tags = in.number<uint32_t>();
  if (tags > tags_max) return std::nullopt;
  for (uint32_t i = 0; i < tags; ++i) response.tags.push_back(in.number<uint64_t>());
  const bool sound = in.complete() && !response.key.empty() && response.used_at_ms >= 0 &&
                     response.content_length <= arena_bytes_max &&
                     response.facts.status >= 100 && response.facts.status <= 999 &&
                     (flags & ~(again_flag | soft_flag)) == 0 && is_lines(response.head);
  if (!sound) return std::nullopt;
  return response;
}

std::optional<SnapshotEnd> read_end(std::string_view payload) {
  Taking in(payload);
  SnapshotEnd end;
  end.responses = in.number<uint64_t>();
  end.content_bytes = in.number<uint64_t>();
  if (!in.complete()) return std::nullopt;
  return end;
}

}  // namespace ringwall::cache
