// Snapshots of a cache: what is read of a file is within all bounds, a block counts in its own place
// only, and what is read of a response and written again are the same bytes.
//
// The input is taken as a file, and as the payload of a response for itself: of a mutated file the
// checks let nothing through.
#include "cache/layout.h"
#include "cache/snapshot_format.h"
#include "cache/store.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::cache {
namespace {

void check_response(std::string_view payload) {
  const auto response = read_response(payload);
  if (!response) return;
  CHECK(!response->key.empty() && response->key.size() <= key_bytes_max);
  CHECK(response->selectors.size() <= selectors_bytes_max);
  CHECK(response->tags.size() <= tags_max);
  CHECK(response->head.size() <= base::head_bytes_max);
  CHECK(response->head.empty() || response->head.ends_with("\r\n"));
  CHECK(response->head.find("\r\n\r\n") == std::string_view::npos);
  CHECK(!response->head.starts_with("\r\n"));
  CHECK(payload_of(*response) == payload);
}

void check_file(std::string_view file) {
  if (!read_start(file)) return;
  file.remove_prefix(snapshot_start_bytes);
  for (uint64_t number = 0;; ++number) {
    const Block block = read_block(file, number);
    if (block.state != Block::State::complete) return;
    CHECK(block.bytes == block_head_bytes + block.payload.size() && block.bytes <= file.size());
    CHECK(read_block(file, number + 1).state == Block::State::damaged);
    CHECK(read_block(file.substr(0, block.bytes - 1), number).state != Block::State::complete);
    std::string again;
    write_block(again, number, block.kind, block.payload);
    CHECK(again == file.substr(0, block.bytes));
    if (block.kind == BlockKind::response) check_response(block.payload);
    if (block.kind == BlockKind::end) {
      const auto end = read_end(block.payload);
      CHECK(!end || payload_of(*end) == block.payload);
    }
    file.remove_prefix(block.bytes);
  }
}

}  // namespace
}  // namespace ringwall::cache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall;
  const std::string_view text = fuzz::text_of(data, size);
  cache::check_file(text);
  cache::check_response(text);
  return 0;
}
