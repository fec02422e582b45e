// The bytes of a snapshot, in which stored responses outlive the segment. Pure: text to values and
// back; who reads and writes files is cache/snapshot.h. A reader takes the bytes for anybody's.
//
//   start  | "\x93RWSNAP\n" | version 4 B |
//   block  | check 8 B | kind 4 B | length 4 B | payload |      numbered from 0, up to the end block
//
//   response   all of it but its content, which follows in content blocks of content_block_bytes;
//              the last of them may be shorter, and there is none where there is no content
//   end        how many responses and content bytes came before: what has none was cut off
//
// Numbers have their least significant byte first. The check is XXH3 of all behind it in the block,
// with the block's number as the seed, so that a block is not taken for one in another place. It
// finds accidents; who can write the file decides what is served from it.
//
// The version rises when what a field means changes, flags of caching::Flag included. Layout changes
// of the segment leave it as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/facts.h"
#include "daemon/base/result.h"

namespace ringwall::cache {

inline constexpr std::string_view snapshot_magic = "\x93RWSNAP\n";
inline constexpr uint32_t snapshot_version = 1;
inline constexpr size_t snapshot_start_bytes = 12;
inline constexpr size_t block_head_bytes = 16;
// A response's payload is at most some 103 KiB.
inline constexpr size_t content_block_bytes = 256 * 1024;
inline constexpr size_t block_bytes_max = block_head_bytes + content_block_bytes;

enum class BlockKind : uint32_t { response = 1, content = 2, end = 3 };

/// A response without its content. Views into what it was read from, or written from.
struct SnapshotResponse {
  std::string_view key;
  std::string_view selectors;
  std::string_view head;
  std::vector<uint64_t> tags;
  Facts facts;
  uint64_t content_length = 0;
  int64_t used_at_ms = 0;  // wall clock, of its last use
  uint32_t hits = 0;
  bool again = false;  // used more than once
  bool purged_soft = false;
};

struct SnapshotEnd {
  uint64_t responses = 0;
  uint64_t content_bytes = 0;
};

void write_start(std::string& out);
void write_block(std::string& out, uint64_t number, BlockKind kind, std::string_view payload);
/// Requires: what Labels and Fill::begin_head require.
std::string payload_of(const SnapshotResponse& response);
std::string payload_of(const SnapshotEnd& end);

/// Why what begins with `bytes`, snapshot_start_bytes of them where there are so many, is no snapshot
/// that this release reads.
base::Status read_start(std::string_view bytes);

/// What `bytes` begin with.
struct Block {
  enum class State : uint8_t { complete, incomplete, damaged };
  State state = State::incomplete;
  BlockKind kind = BlockKind::end;
  std::string_view payload;
  size_t bytes = 0;  // in all
};
Block read_block(std::string_view bytes, uint64_t number);

/// Nothing where a bound is broken. What is read can be stored: lengths are within their limits, and
/// the head is lines that each end in CRLF, none of them empty.
std::optional<SnapshotResponse> read_response(std::string_view payload);
std::optional<SnapshotEnd> read_end(std::string_view payload);

}  // namespace ringwall::cache
