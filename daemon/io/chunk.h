// Chunks: the buffers of a worker, in two sizes, each owned by one handle and given back by it.
//
// Small chunks (4 KiB) receive heads: the kernel picks one from the posted ring when bytes come, so
// an idle connection holds none. The one that a receive took belongs to the connection from then
// on and the posted place is filled anew: a slow connection keeps a chunk, never a place in the
// ring. Large chunks (256 KiB) carry bodies. Both pools are bounded; one thread, no locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "daemon/base/limits.h"

namespace ringwall::io {

class ChunkPool;

/// Owner of one chunk; empty when moved from or when the pool had none.
class Chunk {
 public:
  Chunk() = default;
  Chunk(ChunkPool* pool, std::byte* data) : pool_(pool), data_(data) {}
  Chunk(Chunk&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), data_(std::exchange(other.data_, nullptr)) {}
  Chunk& operator=(Chunk&& other) noexcept {
    if (this != &other) {
      release();
      pool_ = std::exchange(other.pool_, nullptr);
      data_ = std::exchange(other.data_, nullptr);
    }
    return *this;
  }
  ~Chunk() { release(); }

  explicit operator bool() const { return data_ != nullptr; }
  std::byte* data() const { return data_; }
  char* chars() const { return reinterpret_cast<char*>(data_); }
  size_t size() const;
  std::span<std::byte> bytes() const { return {data_, size()}; }
  void release();
  /// Gives up ownership; for the posted ring.
  std::byte* detach() {
    pool_ = nullptr;
    return std::exchange(data_, nullptr);
  }

 private:
  ChunkPool* pool_ = nullptr;
  std::byte* data_ = nullptr;
};

/// A bounded supply of chunks of one size.
class ChunkPool {
 public:
  /// `kept`: free chunks beyond this many go back to the system.
  ChunkPool(size_t bytes, unsigned most, unsigned kept);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  /// Requires: in_use() == 0.
  ~ChunkPool();

  /// Empty when `most` chunks are out or the system has no memory.
  Chunk take();
  size_t chunk_bytes() const { return bytes_; }
  unsigned in_use() const { return in_use_; }

 private:
  friend class Chunk;
  void give_back(std::byte* data);

  size_t bytes_;
  unsigned most_;
  unsigned kept_;
  unsigned in_use_ = 0;
  std::vector<std::byte*> free_;
};

inline size_t Chunk::size() const {
  return pool_ != nullptr ? pool_->chunk_bytes() : 0;
}
inline void Chunk::release() {
  if (pool_ == nullptr) return;
  std::exchange(pool_, nullptr)->give_back(std::exchange(data_, nullptr));
}

}  // namespace ringwall::io
