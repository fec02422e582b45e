#include "daemon/io/frame_pool.h"

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "daemon/base/limits.h"
#include "tests/unit/io/support.h"

namespace ringwall::io {
namespace {

TEST(FramePool, gives_a_released_frame_to_the_next_of_its_size) {
  if (under_asan) GTEST_SKIP() << "frames are not pooled here";
  void* first = allocate_frame(130);
  size_t before = frame_pool_bytes();
  release_frame(first, 130);
  EXPECT_EQ(frame_pool_bytes(), before + 192);
  void* other = allocate_frame(64);
  EXPECT_NE(other, first);
  void* second = allocate_frame(192);
  EXPECT_EQ(second, first);
  EXPECT_EQ(frame_pool_bytes(), before);
  release_frame(other, 64);
  release_frame(second, 192);
}

TEST(FramePool, sizes_at_all_edges_can_be_written_whole) {
  for (size_t bytes = 1; bytes < 8192; bytes += bytes % 64 == 1 ? 62 : 1) {
    void* frame = allocate_frame(bytes);
    ASSERT_NE(frame, nullptr);
    std::memset(frame, 0xa5, bytes);
    release_frame(frame, bytes);
  }
}

TEST(FramePool, keeps_a_bounded_amount) {
  if (under_asan) GTEST_SKIP() << "frames are not pooled here";
  std::vector<void*> frames(base::frame_pool_bytes_max / 4096 + 1000);
  for (void*& frame : frames) frame = allocate_frame(4096);
  for (void* frame : frames) release_frame(frame, 4096);
  EXPECT_LE(frame_pool_bytes(), base::frame_pool_bytes_max);
  EXPECT_GT(frame_pool_bytes(), base::frame_pool_bytes_max / 2);
}

class FramePoolTest : public LoopTest {};

// As a connection waits between two requests: the stream, its deadline and one receive.
Task<void> idle_connection(Loop& loop, base::UniqueFd fd) {
  for (;;) {
    Receive receive(loop, fd.get(), Until(loop.now() + std::chrono::hours(1)));
    int n = co_await receive;
    if (n <= 0) co_return;
  }
}

TEST_F(FramePoolTest, an_idle_connection_costs_a_quarter_of_a_kilobyte) {
  if (under_asan) GTEST_SKIP() << "frames are not pooled here";
  auto task = std::make_unique<Task<void>>(idle_connection(loop(), base::UniqueFd()));
  size_t before = frame_pool_bytes();
  task.reset();
  EXPECT_LE(frame_pool_bytes() - before, 256u);
}

// No machine has memory for this frame, so its allocation fails.
Task<void> too_large(std::shared_ptr<int> held) {
  std::array<char, size_t{1} << 46> local;
  char* pointer = local.data();
  asm volatile("" : "+r"(pointer));
  co_await YieldTurn();
  *held += *pointer;
}

TEST_F(FramePoolTest, without_memory_there_is_no_task_and_nothing_starts) {
  auto held = std::make_shared<int>(0);
  Task<void> none = too_large(held);
  EXPECT_FALSE(none);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(group_.spawn(std::move(none)));
  EXPECT_FALSE(group_.spawn(too_large(held)));
  EXPECT_TRUE(group_.empty());
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace ringwall::io

#if defined(__SANITIZE_ADDRESS__)
// As malloc does without the sanitizer.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
#endif
