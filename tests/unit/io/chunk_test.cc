#include "daemon/io/chunk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace ringwall::io {
namespace {

TEST(Chunk, is_whole_memory_of_its_pools_size) {
  ChunkPool pool(4096, 4, 4);
  Chunk chunk = pool.take();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk.size(), 4096u);
  EXPECT_EQ(chunk.bytes().size(), 4096u);
  std::memset(chunk.data(), 1, chunk.size());
}

TEST(Chunk, an_empty_one_has_no_bytes_and_may_be_released) {
  Chunk chunk;
  EXPECT_FALSE(chunk);
  EXPECT_EQ(chunk.size(), 0u);
  EXPECT_TRUE(chunk.bytes().empty());
  chunk.release();
}

TEST(Chunk, goes_back_when_its_handle_goes_or_takes_another) {
  ChunkPool pool(4096, 4, 4);
  {
    Chunk a = pool.take();
    Chunk b = pool.take();
    EXPECT_EQ(pool.in_use(), 2u);
    Chunk c = std::move(a);
    EXPECT_EQ(pool.in_use(), 2u);
    EXPECT_FALSE(a);  // NOLINT: moved from on purpose
    b = std::move(c);
    EXPECT_EQ(pool.in_use(), 1u);
    EXPECT_EQ(b.size(), 4096u);
    Chunk& same = b;
    b = std::move(same);
    EXPECT_TRUE(b);
    b.release();
    EXPECT_EQ(pool.in_use(), 0u);
  }
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(Chunk, detached_is_no_longer_given_back) {
  ChunkPool pool(4096, 4, 4);
  Chunk a = pool.take();
  std::byte* data = a.detach();
  EXPECT_FALSE(a);
  EXPECT_EQ(pool.in_use(), 1u);
  Chunk(&pool, data).release();
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(ChunkPool, gives_no_more_than_its_bound_whatever_it_keeps) {
  for (unsigned kept : {0u, 1u, 8u}) {
    ChunkPool pool(256 * 1024, 3, kept);
    for (int round = 0; round < 3; ++round) {
      std::vector<Chunk> out;
      for (int i = 0; i < 5; ++i) {
        Chunk chunk = pool.take();
        if (chunk) out.push_back(std::move(chunk));
      }
      EXPECT_EQ(out.size(), 3u);
      EXPECT_EQ(pool.in_use(), 3u);
      out.pop_back();
      EXPECT_TRUE(pool.take());
    }
    EXPECT_EQ(pool.in_use(), 0u);
  }
}

TEST(ChunkPoolDeathTest, one_that_goes_while_chunks_are_out_is_a_bug) {
  EXPECT_DEATH(
      {
        Chunk chunk;
        ChunkPool pool(4096, 4, 4);
        chunk = pool.take();
      },
      "assertion failed: in_use_ == 0");
}

}  // namespace
}  // namespace ringwall::io
