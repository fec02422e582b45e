#include "cache/arena.h"

#include <algorithm>
#include <random>

#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class ArenaTest : public CacheTest {
 protected:
  void SetUp() override {
    open(1 * MiB);
    auto process = Process::attach(segment_.get(), 0, doorbells_);
    ASSERT_TRUE(process);
    process_ = std::move(*process);
  }
  /// Tickets' raw cells are the only free-standing ones, and verify knows them.
  Cell& cell(unsigned i) { return process_->own_ticket(i).raw; }
  uint64_t free_units() { return process_->arena(0).free_units.load(); }

  std::unique_ptr<Process> process_;
};

TEST_F(ArenaTest, takes_the_best_fitting_run_and_gives_it_back) {
  const uint64_t all = free_units();
  EXPECT_EQ(all, 16u * units_per_page);
  ASSERT_EQ(take_run(*process_, 10, 10, cell(0)), Grant::granted);
  ASSERT_EQ(take_run(*process_, 20, 20, cell(1)), Grant::granted);
  ASSERT_EQ(take_run(*process_, 30, 30, cell(2)), Grant::granted);
  const cache::Run second = unpack(cell(1).load());
  ASSERT_TRUE(free_run(*process_, cell(1)));
  EXPECT_EQ(cell(1).load(), 0u);
  ASSERT_EQ(take_run(*process_, 18, 18, cell(1)), Grant::granted);
  EXPECT_EQ(unpack(cell(1).load()).unit, second.unit) << "the hole of 20 fits best";
  for (unsigned i = 0; i < 3; ++i) ASSERT_TRUE(free_run(*process_, cell(i)));
  EXPECT_EQ(free_units(), all);
}

TEST_F(ArenaTest, falls_back_to_the_longest_run_that_is_long_enough) {
  for (unsigned i = 0; i < 16; ++i) {
    ASSERT_EQ(take_run(*process_, units_per_page - 100, units_per_page - 100, cell(i)),
              Grant::granted);
  }
  EXPECT_EQ(take_run(*process_, 500, 101, cell(20)), Grant::no_room);
  ASSERT_EQ(take_run(*process_, 500, 64, cell(20)), Grant::granted);
  EXPECT_EQ(unpack(cell(20).load()).units, 100u);
}

TEST_F(ArenaTest, a_trimmed_run_keeps_its_beginning) {
  ASSERT_EQ(take_run(*process_, 1000, 1000, cell(0)), Grant::granted);
  const cache::Run before = unpack(cell(0).load());
  const uint64_t free_before = free_units();
  ASSERT_TRUE(trim_run(*process_, cell(0), 1));
  const cache::Run after = unpack(cell(0).load());
  EXPECT_EQ(after.unit, before.unit);
  EXPECT_EQ(after.units, 1u);
  EXPECT_EQ(free_units(), free_before + 999);
}

TEST_F(ArenaTest, random_use_agrees_with_a_map_of_units) {
  std::mt19937 random(5);
  std::vector<char> used(size_t{16} * units_per_page);
  const Ref first = process_->first_unit(0);
  uint64_t in_use = 0;
  for (int i = 0; i < 100'000; ++i) {
    Cell& one = cell(random() % tickets_max);
    if (const cache::Run run = unpack(one.load())) {
      ASSERT_TRUE(free_run(*process_, one));
      std::fill_n(used.begin() + (run.unit - first), run.units, 0);
      in_use -= run.units;
      continue;
    }
    const uint32_t want = random() % 10 == 0 ? 1 + random() % units_per_page : 1 + random() % 40;
    if (take_run(*process_, want, std::min(want, 8u), one) != Grant::granted) continue;
    const cache::Run run = unpack(one.load());
    ASSERT_LE(run.units, want);
    const auto begin = used.begin() + (run.unit - first);
    ASSERT_TRUE(std::all_of(begin, begin + run.units, [](char c) { return c == 0; }));
    std::fill_n(begin, run.units, 1);
    in_use += run.units;
  }
  EXPECT_EQ(free_units(), used.size() - in_use);
  Store watcher = observer();
  EXPECT_EQ(breaches(watcher), "");
  EXPECT_GT(in_use, used.size() * 8 / 10);
}

TEST(BinTest, longer_runs_are_in_higher_bins) {
  for (unsigned run = 1; run <= units_per_page; ++run) {
    EXPECT_GE(bin_of(run), bin_of(run - 1));
    EXPECT_LT(bin_of(run), bins_max);
  }
}

}  // namespace
}  // namespace ringwall::cache::test
