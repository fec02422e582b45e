#include "cache/ghosts.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringwall::cache::test {
namespace {

class GhostsTest : public ::testing::Test {
 protected:
  static uint32_t hash_of(uint32_t n) { return n * 2654435761u; }

  std::vector<std::atomic<uint32_t>> cells_ = std::vector<std::atomic<uint32_t>>(1024);
  Ghosts ghosts_{cells_};
};

TEST_F(GhostsTest, know_a_name_once_and_whether_it_was_used_again) {
  ghosts_.note(hash_of(1), false, 10);
  ghosts_.note(hash_of(2), true, 10);
  EXPECT_EQ(ghosts_.take(hash_of(3), 11), Ghosts::Name::unknown);
  EXPECT_EQ(ghosts_.take(hash_of(1), 11), Ghosts::Name::once);
  EXPECT_EQ(ghosts_.take(hash_of(1), 11), Ghosts::Name::unknown);
  EXPECT_EQ(ghosts_.take(hash_of(2), 11), Ghosts::Name::used);
}

TEST_F(GhostsTest, know_a_name_for_one_turnover) {
  const uint64_t now = 65'530;  // the ticks of a cell overflow meanwhile
  ghosts_.note(hash_of(1), true, now);
  ghosts_.note(hash_of(2), true, now);
  EXPECT_EQ(ghosts_.take(hash_of(1), now + 64), Ghosts::Name::used);
  EXPECT_EQ(ghosts_.take(hash_of(2), now + 65), Ghosts::Name::unknown);
}

TEST_F(GhostsTest, keep_the_youngest_four_of_a_row) {
  // Alike in the low bits: all in one row.
  for (uint32_t i = 0; i < 6; ++i) ghosts_.note(i << 16, false, i);
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(ghosts_.take(i << 16, 6) != Ghosts::Name::unknown, i >= 2) << i;
  }
}

TEST_F(GhostsTest, noted_again_a_name_keeps_its_cell) {
  for (uint32_t i = 0; i < 4; ++i) ghosts_.note(i << 16, false, i);
  ghosts_.note(1 << 16, true, 9);
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ghosts_.take(i << 16, 9), i == 1 ? Ghosts::Name::used : Ghosts::Name::once) << i;
  }
}

TEST_F(GhostsTest, of_a_full_table_hardly_any_name_is_known_by_mistake) {
  for (uint32_t i = 0; i < 10'000; ++i) ghosts_.note(hash_of(i), false, 0);
  for (const auto& cell : cells_) EXPECT_TRUE(Ghosts::valid(cell.load()));
  unsigned mistaken = 0;
  for (uint32_t i = 10'000; i < 60'000; ++i) {
    mistaken += ghosts_.take(hash_of(i), 0) != Ghosts::Name::unknown;
  }
  EXPECT_LT(mistaken, 50u);
}

}  // namespace
}  // namespace ringwall::cache::test
