// Input: bytes that a connection has received and not consumed yet, in one chunk it owns while
// there are any. Heads are parsed in place and stay where they are until their exchange ends.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/io/chunk.h"
#include "daemon/io/loop.h"

namespace ringwall::session {

class Input {
 public:
  Input() = default;
  Input(Input&& other) noexcept { *this = std::move(other); }
  Input& operator=(Input&& other) noexcept {
    chunk_ = std::move(other.chunk_);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  bool empty() const { return begin_ == end_; }
  std::string_view unread() const { return {chunk_.chars() + begin_, end_ - begin_}; }
  char* unread_data() const { return chunk_.chars() + begin_; }
  void consume(size_t n) {
    RW_ASSERT(n <= end_ - begin_);
    begin_ += static_cast<uint32_t>(n);
  }

  /// Takes a chunk with `n` received bytes. Requires: empty().
  void adopt(io::Chunk chunk, size_t n) {
    RW_ASSERT(empty());
    chunk_ = std::move(chunk);
    begin_ = 0;
    end_ = static_cast<uint32_t>(n);
  }
  /// Gives the chunk back. Requires: nothing in it is needed any more.
  void release() {
    chunk_.release();
    begin_ = end_ = 0;
  }

  /// Room behind what is there; moves to a large chunk when the small one is full. Empty when that
  /// cannot be had or is full too. What was in the chunk may have moved.
  std::span<std::byte> room(io::Loop& loop) {
    if (chunk_ && end_ == chunk_.size()) grow(loop);
    if (!chunk_) return {};
    return chunk_.bytes().subspan(end_);
  }
  void received(size_t n) {
    RW_ASSERT(end_ + n <= chunk_.size());
    end_ += static_cast<uint32_t>(n);
  }

 private:
  void grow(io::Loop& loop) {
    size_t left = end_ - begin_;
    if (begin_ > 0) {  // an earlier, finished request stood before it
      std::memmove(chunk_.chars(), unread_data(), left);
    } else {
      if (chunk_.size() != base::small_chunk_bytes) return;
      io::Chunk large = loop.large_chunks().take();
      if (!large) return;
      std::memcpy(large.data(), chunk_.data(), left);
      chunk_ = std::move(large);
    }
    begin_ = 0;
    end_ = static_cast<uint32_t>(left);
  }

  io::Chunk chunk_;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

}  // namespace ringwall::session
