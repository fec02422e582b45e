// Snapshots while others use, purge and grow the cache.
#include <atomic>
#include <thread>

#include "tests/unit/cache/snapshot_fixture.h"

namespace ringwall::cache::test {
namespace {

TEST_F(SnapshotTest, a_purge_during_the_loading_is_obeyed) {
  {
    auto a = worker(0);
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 5000));
    save();
  }
  auto b = other();
  std::thread purging([&] {
    Store watcher = observer();
    while (watcher.usage().objects < 20) std::this_thread::yield();
    watcher.purge(of_all());
    watcher.sweep();
  });
  const Loaded loaded = load();
  purging.join();
  EXPECT_EQ(loaded.responses + loaded.present, 300u);
  EXPECT_LE(b->store().usage().objects, 281u);
  b->store().sweep();
  expect_at_rest(b->store());
}

TEST_F(SnapshotTest, saving_goes_on_beside_those_who_use_the_cache) {
  segment_.reset();
  open(4 * MiB);
  auto a = worker(0);
  for (int i = 0; i < 400; ++i) a->put("k" + std::to_string(i), 5000);
  std::atomic<bool> over{false};
  std::thread using_it([&] {
    auto b = worker(1);
    for (int i = 0; !over; ++i) {
      b->put("n" + std::to_string(i % 500), size_of(i));
      b->hit("k" + std::to_string(i % 400));
    }
  });
  uint64_t responses = 0;
  for (int round = 0; round < 10; ++round) responses += save().responses;
  over = true;
  using_it.join();
  EXPECT_GT(responses, 500u);
  a.reset();
  auto c = other(16 * MiB);
  EXPECT_EQ(load().damage, "");
  for (int i = 0; i < 400; ++i) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_TRUE(!c->has(key) || c->proves(key, 5000)) << key;
  }
  expect_nothing_lost(c->store());
}

TEST_F(SnapshotTest, room_that_is_still_being_reserved_is_waited_for) {
  {
    auto a = worker(0);
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 20'000));
    save();
  }
  SegmentOptions options;
  options.size = 16 * MiB;
  options.reserve_at_start = 1 * MiB;
  auto fd = create_segment(options);
  ASSERT_TRUE(fd);
  segment_ = std::move(*fd);
  Store watcher = observer();
  std::thread growing([&] {
    while (watcher.usage().objects < 20) std::this_thread::yield();
    ResizeProgress progress;
    while (*watcher.resize(progress, base::Duration(0)) != Resized::done) {
    }
  });
  const Loaded loaded = load();
  growing.join();
  EXPECT_EQ(loaded.responses, 300u);
  EXPECT_EQ(loaded.no_room, 0u);
}

}  // namespace
}  // namespace ringwall::cache::test
