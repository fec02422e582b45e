// What Store::resize tells, and what it keeps with its caller between two calls.
#pragma once

#include <cstdint>

namespace ringwall::cache {

/// Where a change of size has got to between the calls of Store::resize, and what it took out.
struct ResizeProgress {
  enum class Phase : uint8_t { close, take_out, reap, give_back, open };
  uint64_t objects = 0;  // live responses removed so far
  uint64_t bytes = 0;    // of their heads and contents
  // The store's own.
  uint32_t target = ~uint32_t{0};  // pages
  Phase phase = Phase::close;
  uint32_t next = 0;  // page, bucket or shard
};

enum class Resized : uint8_t {
  done,
  more,     // call again
  waiting,  // call again after a while: what is to leave is still being written or read, or a lock
            // was busy, or another process is at it
};

}  // namespace ringwall::cache
