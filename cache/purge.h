// What Store::purge is asked for, and what came of it. Plain values.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringwall::cache {

/// What to purge. Hard: it is gone. Soft: it is stale, and may be validated or serve as stale
/// responses may; a soft purge never revives what is stale already.
struct Purge {
  enum class Kind : uint8_t {
    key,     // `text` is a key: all variants
    prefix,  // all keys that begin with `text`
    tag,     // all responses that carry hash_tag(tag_space, text)
    all,
  };
  Kind kind = Kind::key;
  std::string_view text;
  uint64_t tag = 0;  // of kind tag
  bool soft = false;
  bool dry_run = false;  // only count
};

/// Objects are live responses; fills that a purge meets are not counted.
struct PurgeCount {
  uint64_t objects = 0;
  uint64_t bytes = 0;    // of their heads and contents
  bool complete = true;  // false: a lock was held for long (by a stopped process): try again
};

}  // namespace ringwall::cache
