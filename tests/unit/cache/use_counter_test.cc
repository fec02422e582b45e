#include "cache/use_counter.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace ringwall::cache::test {
namespace {

constexpr uint32_t noon = 1'700'000'000;

/// A counter over a table of its own.
template <size_t cells>
struct Table {
  unsigned note(uint64_t hash, uint32_t now_s, uint32_t window_s) {
    return UseCounter(memory).note(hash, now_s, window_s);
  }
  alignas(64) std::array<std::atomic<uint32_t>, cells> memory{};
};

// SplitMix64's finisher, in place of the cache's hash of a key.
constexpr uint64_t spread(uint64_t n) {
  n += 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

TEST(UseCounterTest, counts_the_uses_of_a_key) {
  Table<1024> table;
  for (unsigned use = 1; use <= UseCounter::uses_max; ++use)
    EXPECT_EQ(table.note(spread(1), noon, 60), use);
  EXPECT_EQ(table.note(spread(2), noon, 60), 1u);
}

TEST(UseCounterTest, more_uses_than_it_can_hold_stay_many) {
  Table<1024> table;
  for (unsigned use = 0; use < 1000; ++use) table.note(spread(1), noon, 60);
  EXPECT_GE(table.note(spread(1), noon, 60), UseCounter::uses_max);
  EXPECT_GE(table.note(spread(1), noon + 59, 60), UseCounter::uses_max);
}

TEST(UseCounterTest, forgets_a_use_when_its_window_and_a_step_are_over) {
  for (const uint32_t window_s : {1u, 2u, 3u, 10u, 60u, 100u, 3600u, 86'400u}) {
    const uint32_t step_s = window_s / 2 + 1;  // at most
    for (uint32_t phase = 0; phase < 50; ++phase) {
      const uint32_t now = noon + phase * (window_s / 7 + 1);
      Table<16> table;
      EXPECT_EQ(table.note(spread(1), now, window_s), 1u);
      EXPECT_EQ(table.note(spread(1), now + window_s - 1, window_s), 2u) << window_s;
      EXPECT_EQ(table.note(spread(1), now + 2 * window_s + step_s, window_s), 1u) << window_s;
    }
  }
}

TEST(UseCounterTest, a_window_of_one_second_ends_within_the_next) {
  Table<16> table;
  EXPECT_EQ(table.note(spread(1), noon, 1), 1u);
  EXPECT_EQ(table.note(spread(1), noon + 1, 1), 2u);
  EXPECT_EQ(table.note(spread(1), noon + 3, 1), 1u);
}

TEST(UseCounterTest, slides_so_that_no_boundary_parts_uses) {
  for (uint32_t phase = 0; phase < 120; ++phase) {
    Table<16> table;
    EXPECT_EQ(table.note(spread(1), noon + phase, 60), 1u);
    EXPECT_EQ(table.note(spread(1), noon + phase + 30, 60), 2u);
    EXPECT_EQ(table.note(spread(1), noon + phase + 59, 60), 3u);
    EXPECT_GE(table.note(spread(1), noon + phase + 88, 60), 3u) << phase;
  }
}

TEST(UseCounterTest, a_clock_a_second_ahead_or_behind_loses_nothing) {
  Table<16> table;
  EXPECT_EQ(table.note(spread(1), noon, 10), 1u);
  EXPECT_EQ(table.note(spread(1), noon + 1, 10), 2u);
  EXPECT_EQ(table.note(spread(1), noon, 10), 3u);
  EXPECT_EQ(table.note(spread(1), noon + 1, 10), 4u);
}

TEST(UseCounterTest, the_first_seconds_of_an_epoch_and_the_longest_window_are_no_exception) {
  Table<16> table;
  EXPECT_EQ(table.note(spread(1), 0, UseCounter::window_max_s), 1u);
  EXPECT_EQ(table.note(spread(1), 5, UseCounter::window_max_s), 2u);
  Table<16> late;
  EXPECT_EQ(late.note(spread(1), ~0u, 1), 1u);
  EXPECT_EQ(late.note(spread(1), ~0u, UseCounter::window_max_s), 2u);
}

/// The uses of each key, exactly.
class Model {
 public:
  unsigned note(uint64_t key, uint32_t now_s, uint32_t window_s) {
    auto& uses = uses_[key];
    uses.push_back(now_s);
    while (now_s - uses.front() >= window_s) uses.pop_front();
    return static_cast<unsigned>(uses.size());
  }

 private:
  std::map<uint64_t, std::deque<uint32_t>> uses_;
};

// Far too many keys for the table, with windows from a second to a day: told is never too little.
TEST(UseCounterTest, never_tells_less_than_the_uses_within_the_window) {
  Table<256> table;
  Model model;
  std::mt19937_64 random(5);
  constexpr std::array windows = {1u, 2u, 5u, 17u, 60u, 100u, 900u, 5000u, 86'400u};
  uint32_t now = noon;
  for (int i = 0; i < 400'000; ++i) {
    now += random() % 8 == 0 ? static_cast<uint32_t>(random() % 3) : 0;
    if (random() % 20'000 == 0) now += static_cast<uint32_t>(random() % 5000);
    const uint64_t key = random() % 300 * (random() % 300) / 300;
    const uint32_t window_s = windows[key % windows.size()];
    const unsigned exact = model.note(key, now, window_s);
    ASSERT_GE(table.note(spread(key), now, window_s), std::min(exact, UseCounter::uses_max))
        << "key " << key << " use " << i;
  }
}

/// Of 1,000 tables with `live` keys used once each, those that tell a new key of more than its one
/// use, in parts of all told: each table is asked for the last twentieth of its keys.
template <size_t cells>
double part_overcounted(size_t live) {
  size_t asked = 0;
  size_t wrong = 0;
  uint64_t key = 0;
  for (int round = 0; round < 1000; ++round) {
    Table<cells> table;
    for (size_t n = 0; n < live; ++n) {
      const bool more = table.note(spread(++key), noon + n % 60, 60) > 1;
      if (n < live - live / 20) continue;
      ++asked;
      wrong += more;
    }
  }
  return static_cast<double>(wrong) / static_cast<double>(asked);
}

TEST(UseCounterTest, rarely_tells_too_much_while_there_are_sixteen_cells_for_each_key) {
  constexpr size_t cells = 4096;
  EXPECT_LT(part_overcounted<cells>(cells / 64), 0.003);
  EXPECT_LT(part_overcounted<cells>(cells / 32), 0.009);
  EXPECT_LT(part_overcounted<cells>(cells / 16), 0.024);
  EXPECT_LT(part_overcounted<cells>(cells / 8), 0.07);
  EXPECT_LT(part_overcounted<cells>(cells / 4), 0.19);
}

TEST(UseCounterTest, callers_at_the_same_time_lose_at_most_a_use_each) {
  constexpr unsigned callers = 4;
  for (uint64_t round = 0; round < 200; ++round) {
    auto table = std::make_unique<Table<16>>();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < callers; ++i) {
      threads.emplace_back([&table] {
        for (unsigned n = 0; n < 3; ++n) table->note(spread(7), noon, 60);
      });
    }
    for (std::thread& thread : threads) thread.join();
    const unsigned told = table->note(spread(7), noon, 60);
    EXPECT_GE(told, 3 * callers + 1 - callers);
    EXPECT_LE(told, 3 * callers + 1);
  }
}

// What a death or a stranger leaves behind is at worst a wrong count.
TEST(UseCounterTest, any_bits_in_the_table_are_a_table) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 20'000; ++round) {
    Table<16> table;
    for (auto& cell : table.memory) cell = static_cast<uint32_t>(random());
    const auto window_s = static_cast<uint32_t>(1 + random() % UseCounter::window_max_s);
    const auto now = static_cast<uint32_t>(random());
    const unsigned told = table.note(random(), now, window_s);
    ASSERT_GE(told, 1u);
    ASSERT_LE(told, 60u);
  }
}

}  // namespace
}  // namespace ringwall::cache::test
