// Where coroutine frames come from: free lists in steps of 64 bytes, one set a thread, so that a
// frame costs a few nanoseconds and a busy worker allocates nothing. Under AddressSanitizer every
// frame is its own allocation, so that use after destruction is seen.
#pragma once

#include <cstddef>

namespace ringwall::io {

/// Null when there is no memory.
void* allocate_frame(size_t bytes) noexcept;
void release_frame(void* frame, size_t bytes) noexcept;

/// Bytes that this thread's lists keep for reuse.
size_t frame_pool_bytes();

}  // namespace ringwall::io
