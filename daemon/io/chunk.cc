#include "daemon/io/chunk.h"

#include <cstdlib>

#include "daemon/base/assert.h"

namespace ringwall::io {
namespace {

// Under AddressSanitizer every chunk is its own allocation, so that use after release is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

}  // namespace

ChunkPool::ChunkPool(size_t bytes, unsigned most, unsigned kept)
    : bytes_(bytes), most_(most), kept_(pooled ? kept : 0) {
  free_.reserve(kept_);  // giving back happens in destructors and must not allocate
}

ChunkPool::~ChunkPool() {
  RW_ASSERT(in_use_ == 0);
  for (std::byte* data : free_) std::free(data);
}

Chunk ChunkPool::take() {
  std::byte* data = nullptr;
  if (!free_.empty()) {
    data = free_.back();
    free_.pop_back();
  } else if (in_use_ < most_) {
    // Not page-aligned: the allocator would put its own header on a page before each chunk, two
    // pages of memory for one of bytes.
    data = static_cast<std::byte*>(std::malloc(bytes_));
  }
  if (data == nullptr) return {};
  ++in_use_;
  return Chunk(this, data);
}

void ChunkPool::give_back(std::byte* data) {
  --in_use_;
  if (free_.size() < kept_) {
    free_.push_back(data);
  } else {
    std::free(data);
  }
}

}  // namespace ringwall::io
