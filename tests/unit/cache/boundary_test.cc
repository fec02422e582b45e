#include "cache/boundary.h"

#include <gtest/gtest.h>

namespace ringwall::cache::test {
namespace {

constexpr uint64_t shard = 500'000;  // units

TEST(BoundaryTest, protected_is_too_long_above_its_share) {
  const uint64_t half = share_whole / 2;
  EXPECT_FALSE(is_over(half, 0, 0));
  EXPECT_FALSE(is_over(half, 0, 10));
  EXPECT_FALSE(is_over(half, 10, 10));
  EXPECT_TRUE(is_over(half, 11, 10));
  EXPECT_TRUE(is_over(share_max, 1, 0)) << "with nothing else left";
  const uint64_t all = uint64_t{1} << 32;
  EXPECT_TRUE(is_over(share_start, all / 100 * 81, all / 100 * 19));
  EXPECT_FALSE(is_over(share_start, all / 100 * 79, all / 100 * 21));
}

TEST(BoundaryTest, what_returns_moves_the_share_towards_the_list_it_came_from) {
  const Boundary boundary{0, {1000, 1000}, share_start};
  const uint64_t units = shard / 1000;
  const uint64_t step = share_whole / 1000;
  EXPECT_NEAR(static_cast<double>(share_after(boundary, true, units, shard)),
              static_cast<double>(share_start + step), 1);
  EXPECT_NEAR(static_cast<double>(share_after(boundary, false, units, shard)),
              static_cast<double>(share_start - step), 1);
}

TEST(BoundaryTest, the_return_of_a_rare_loss_counts_more_and_of_a_common_one_not_less) {
  const Boundary boundary{0, {10'000, 1000}, share_start};
  const uint64_t units = shard / 1000;
  const uint64_t step = share_whole / 1000;
  EXPECT_NEAR(static_cast<double>(share_after(boundary, true, units, shard)),
              static_cast<double>(share_start + 10 * step), 10);
  EXPECT_NEAR(static_cast<double>(share_after(boundary, false, units, shard)),
              static_cast<double>(share_start - step), 1);
}

TEST(BoundaryTest, the_share_keeps_its_bounds_and_no_object_moves_it_far) {
  Boundary boundary{0, {shard, 0}, share_start};
  for (int i = 0; i < 100; ++i) {
    const uint64_t before = boundary.share;
    boundary.share = share_after(boundary, true, shard * 10, shard);
    EXPECT_LE(boundary.share - before, share_whole / 50);
  }
  EXPECT_EQ(boundary.share, share_max);
  boundary.lost = {0, shard};
  for (int i = 0; i < 100; ++i) boundary.share = share_after(boundary, false, shard * 10, shard);
  EXPECT_EQ(boundary.share, share_min);
}

TEST(BoundaryTest, one_unit_moves_the_share_of_a_shard_of_255_mib) {
  const Boundary boundary{0, {0, 0}, share_start};
  EXPECT_GT(share_after(boundary, true, 4, (uint64_t{255} << 20) / 64), share_start);
}

TEST(BoundaryTest, what_was_lost_fades_and_never_exceeds_the_shard) {
  Boundary boundary{0, {0, 0}, share_start};
  for (int i = 0; i < 10; ++i) {
    boundary.lost = lost_after(boundary, false, shard / 4, shard);
    EXPECT_LE(boundary.lost[0] + boundary.lost[1], shard);
  }
  EXPECT_GE(boundary.lost[0], shard / 2);
  for (int i = 0; i < 20; ++i) boundary.lost = lost_after(boundary, true, shard * 3, shard);
  EXPECT_LT(boundary.lost[0], shard / 100);
  EXPECT_LE(boundary.lost[0] + boundary.lost[1], shard);
}

}  // namespace
}  // namespace ringwall::cache::test
