#include "daemon/upstream/balance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace ringwall::upstream {
namespace {

using Kind = conf::Upstream::Balance;
using testing::ElementsAre;

std::vector<Candidate> candidates(const std::vector<unsigned>& weights,
                                  const std::vector<unsigned>& loads = {}) {
  std::vector<Candidate> all;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    all.push_back({i, weights[i], i < loads.size() ? loads[i] : 0});
  }
  return all;
}

std::vector<unsigned> counts(Balance& balance, const std::vector<Candidate>& of, unsigned choices,
                             size_t places) {
  std::vector<unsigned> result(places);
  while (choices-- > 0) ++result[balance.choose(of)];
  return result;
}

TEST(Balance, RoundRobinIsExactOverACycle) {
  Balance balance(Kind::round_robin, 3);
  auto all = candidates({5, 1, 2});
  for (int cycle = 0; cycle < 10; ++cycle) {
    EXPECT_THAT(counts(balance, all, 8, 3), ElementsAre(5, 1, 2)) << "cycle " << cycle;
  }
}

TEST(Balance, RoundRobinIsExactOverACycleThatBeginsAnywhere) {
  Balance balance(Kind::round_robin, 4);
  auto all = candidates({7, 3, 1, 4});
  for (int shift = 0; shift < 15; ++shift) {
    balance.choose(all);
    EXPECT_THAT(counts(balance, all, 15, 4), ElementsAre(7, 3, 1, 4)) << "shift " << shift;
  }
}

TEST(Balance, RoundRobinSpreadsTheHeavyOne) {
  Balance balance(Kind::round_robin, 3);
  auto all = candidates({4, 1, 1});
  std::vector<uint32_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(balance.choose(all));
  unsigned longest = 0;
  unsigned run = 0;
  for (uint32_t place : order) {
    run = place == 0 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  EXPECT_LE(longest, 2u);
}

TEST(Balance, RoundRobinGoesOnWithoutTheOnesThatAreMissing) {
  Balance balance(Kind::round_robin, 3);
  auto all = candidates({1, 1, 1});
  counts(balance, all, 2, 3);
  std::vector<Candidate> two = {all[0], all[2]};
  auto seen = counts(balance, two, 100, 3);
  EXPECT_EQ(seen[1], 0u);
  EXPECT_NEAR(seen[0], 50, 1);
  EXPECT_THAT(counts(balance, all, 300, 3),
              testing::Each(testing::AllOf(testing::Ge(99u), testing::Le(101u))));
}

TEST(Balance, LeastConnectionsTakesTheSmallestLoadByWeight) {
  Balance balance(Kind::least_connections, 3);
  EXPECT_EQ(balance.choose(candidates({1, 1, 1}, {3, 2, 4})), 1u);
  EXPECT_EQ(balance.choose(candidates({1, 4, 1}, {2, 7, 3})), 1u);
  EXPECT_EQ(balance.choose(candidates({1, 4, 1}, {1, 7, 3})), 0u);
}

TEST(Balance, LeastConnectionsGoesInTurnAmongEquals) {
  Balance balance(Kind::least_connections, 4);
  auto all = candidates({1, 1, 1, 1}, {2, 1, 1, 1});
  EXPECT_THAT(counts(balance, all, 30, 4), ElementsAre(0, 10, 10, 10));
}

TEST(Balance, LeastConnectionsFillsByWeight) {
  Balance balance(Kind::least_connections, 2);
  auto all = candidates({3, 1});
  for (int i = 0; i < 40; ++i) ++all[balance.choose(all)].load;
  EXPECT_EQ(all[0].load, 30u);
  EXPECT_EQ(all[1].load, 10u);
}

}  // namespace
}  // namespace ringwall::upstream
