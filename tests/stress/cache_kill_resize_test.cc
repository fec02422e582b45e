// Kills a process at every kill point of a change of size: whoever comes next finds all in order
// and brings the change to its end, or another.
#include "tests/stress/dying_fixture.h"

namespace ringwall::cache::test {
namespace {

/// A change of size, killed at every point, is finished by whoever comes next, with the right pages
/// and the right memory.
class KilledResizeTest : public DyingTest {
 protected:
  uint64_t memory() const {
    struct stat status {};
    EXPECT_EQ(fstat(segment_.get(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
  }
  /// Kills each of `from` → `to` in turn; half of the deaths are followed by a change of mind.
  void kill_changes(uint64_t from, uint64_t to) {
    const uint64_t tables = memory() - watcher_->usage().reserved_bytes;
    const auto finish = [&](uint64_t size, int point) {
      ASSERT_TRUE(change_size(*watcher_, size)) << "point " << point;
      ASSERT_EQ(memory(), tables + size) << "point " << point;
      ASSERT_EQ(watcher_->usage().reserved_bytes, size) << "point " << point;
      check_all();
      if (HasFailure()) FAIL() << "point " << point;
    };
    bool died = true;
    int point = 1;
    for (; died && point < points_max; point += point < 200 ? 1 : late_step) {
      finish(from, point);
      if (HasFailure()) return;
      died = killed(fork_worker([&] {
        auto victim = worker(victim_slot);
        fill_cache(*victim);
        put_variants(*victim, 2);
        victim->put("t/renewed", 70'000);
        renew(*victim, "t/renewed");
        arm(point);
        change_size(victim->store(), to);
        disarm();
      }));
      ASSERT_TRUE(watcher_->recover(victim_slot));
      check_all();
      if (HasFailure()) FAIL() << "point " << point;
      if (point % 2 == 0) finish(to, point);
    }
    EXPECT_GT(point, 100);
    ASSERT_LT(point, points_max);
    printf("%lu to %lu KiB: to point %d\n", from >> 10, to >> 10, point - 1);
  }
};

TEST_F(KilledResizeTest, to_a_larger_one) {
  kill_changes(1 * MiB, 1 * MiB + 4 * page_bytes);
}

TEST_F(KilledResizeTest, to_a_smaller_one) {
  kill_changes(1 * MiB + 4 * page_bytes, 1 * MiB);
}

}  // namespace
}  // namespace ringwall::cache::test
