#include "cache/pin_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ringwall::cache::test {
namespace {

TEST(PinTableTest, only_the_first_pin_and_the_last_unpin_are_told) {
  PinTable pins;
  EXPECT_TRUE(pins.add(7));
  EXPECT_FALSE(pins.add(7));
  EXPECT_FALSE(pins.drop(7));
  EXPECT_EQ(pins.size(), 1u);
  EXPECT_TRUE(pins.drop(7));
  EXPECT_EQ(pins.size(), 0u);
}

TEST(PinTableTest, agrees_with_a_map_over_growth_and_erasure) {
  PinTable pins;
  std::map<uint32_t, uint32_t> model;
  std::mt19937 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const uint32_t ref = 1 + random() % 6000;
    if (random() % 5 < (i < 100'000 ? 3u : 2u)) {
      EXPECT_EQ(pins.add(ref), ++model[ref] == 1);
    } else if (auto it = model.find(ref); it != model.end()) {
      const bool last = --it->second == 0;
      EXPECT_EQ(pins.drop(ref), last);
      if (last) model.erase(it);
    }
  }
  EXPECT_EQ(pins.size(), model.size());
  for (uint32_t ref = 1; ref <= 6000; ++ref) {
    const auto it = model.find(ref);
    EXPECT_EQ(pins.count(ref), it == model.end() ? 0 : it->second);
  }
}

}  // namespace
}  // namespace ringwall::cache::test
