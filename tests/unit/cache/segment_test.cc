#include "cache/segment.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class SegmentTest : public CacheTest {};

TEST_F(SegmentTest, cannot_be_resized_by_anybody) {
  open();
  EXPECT_NE(ftruncate(segment_.get(), 4096), 0);
  EXPECT_NE(ftruncate(segment_.get(), 1 << 30), 0);
}

TEST_F(SegmentTest, a_new_one_is_empty_and_whole) {
  open(64 * MiB);
  Store watcher = observer();
  EXPECT_EQ(watcher.usage().arena_bytes, 64 * MiB);
  EXPECT_EQ(watcher.usage().used_bytes, 0u);
  const Counters counters = watcher.counters();
  EXPECT_EQ(counters.hits + counters.misses + counters.recoveries, 0u);
  EXPECT_EQ(breaches(watcher), "");
}

TEST_F(SegmentTest, is_reserved_in_steps_while_it_serves) {
  SegmentOptions options;
  options.size = 8 * MiB;
  options.reserve_at_start = 1 * MiB;
  auto fd = create_segment(options);
  ASSERT_TRUE(fd);
  segment_ = std::move(*fd);
  Store watcher = observer();
  auto a = worker(0);
  EXPECT_EQ(watcher.usage().reserved_bytes, 1 * MiB);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 10'000));
  EXPECT_GT(a->store().counters().evictions, 0u);
  int steps = 0;
  ResizeProgress progress;
  for (;; ++steps) {
    auto resized = watcher.resize(progress, base::Duration(0));
    ASSERT_TRUE(resized);
    if (*resized == Resized::done) break;
    EXPECT_EQ(breaches(watcher), "");
  }
  EXPECT_EQ(steps, 2);  // of 4 MiB each, behind one that finds nothing to close
  EXPECT_EQ(watcher.usage().reserved_bytes, 8 * MiB);
  const uint64_t evictions = a->store().counters().evictions;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(a->put("m" + std::to_string(i), 10'000));
  EXPECT_EQ(a->store().counters().evictions, evictions);
  expect_nothing_lost(watcher);
}

TEST_F(SegmentTest, what_is_not_a_segment_is_refused_with_a_reason) {
  const base::UniqueFd empty(memfd_create("empty", MFD_CLOEXEC));
  EXPECT_EQ(Store::attach(empty.get(), 0, {}).error().what,
            "the cache segment is too short to be one");
  ASSERT_EQ(ftruncate(empty.get(), 1 << 20), 0);
  EXPECT_EQ(Store::attach(empty.get(), 0, {}).error().what, "this is not a cache segment");
  open();
  const uint64_t other_layout = layout_version() + 1;
  ASSERT_EQ(pwrite(segment_.get(), &other_layout, 8, offsetof(Prelude, layout)), 8);
  EXPECT_EQ(Store::attach(segment_.get(), 0, {}).error().what,
            "the cache segment has the layout of another version of ringwall");
}

TEST_F(SegmentTest, a_size_that_cannot_be_is_refused) {
  SegmentOptions options;
  options.size = 1000;
  EXPECT_EQ(create_segment(options).error().what, "cache.size must be at least 1 MiB");
  options.size = uint64_t{300} << 30;
  EXPECT_EQ(create_segment(options).error().what, "cache.size must be at most 255 GiB");
}

TEST_F(SegmentTest, huge_pages_work_or_the_error_says_what_mends_it) {
  SegmentOptions options;
  options.size = 4 * MiB;
  options.huge_pages = true;
  auto fd = create_segment(options);
  if (!fd) {
    EXPECT_NE(fd.error().what.find("sysctl vm.nr_hugepages="), std::string::npos);
    return;
  }
  segment_ = std::move(*fd);
  auto a = worker(0);
  EXPECT_TRUE(a->put("k", 100'000));
  EXPECT_TRUE(a->proves("k", 100'000));
}

TEST_F(SegmentTest, outlives_all_who_were_attached) {
  open();
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put("k", 1000));
  }
  auto b = worker(1);
  EXPECT_TRUE(b->proves("k", 1000));
}

}  // namespace
}  // namespace ringwall::cache::test
