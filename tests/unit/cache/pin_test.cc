#include "cache/pin.h"

#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class PinTest : public CacheTest {};

TEST_F(PinTest, a_hit_keeps_its_bytes_while_the_entry_is_purged_and_the_room_reused) {
  open(1 * MiB);
  auto a = worker(0);
  auto b = worker(1);
  ASSERT_TRUE(a->put("k", 100'000));
  auto hit = b->hit("k");
  EXPECT_EQ(a->store().purge(by_key("k")).objects, 1u);
  EXPECT_FALSE(a->has("k"));
  EXPECT_EQ(a->store().usage().limbo, 1u);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(a->put("other" + std::to_string(i), 30'000));
  EXPECT_EQ(read_content(*hit, 0, 100'000), content_of("k", 100'000));
  const uint64_t used = a->store().usage().used_bytes;
  hit.reset();
  EXPECT_EQ(a->store().usage().limbo, 0u);
  EXPECT_LT(a->store().usage().used_bytes, used - 100'000);
  expect_nothing_lost(a->store());
}

TEST_F(PinTest, eviction_passes_over_what_is_pinned) {
  open(1 * MiB, true);
  auto a = worker(0);
  auto b = worker(1);
  ASSERT_TRUE(a->put("k", 50'000));
  auto hit = b->hit("k");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(a->put("other" + std::to_string(i), 50'000));
  EXPECT_TRUE(a->proves("k", 50'000));
  hit.reset();
  expect_nothing_lost(a->store());
}

TEST_F(PinTest, many_hits_of_one_worker_are_one_pin) {
  open();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 10));
  std::vector<Hit> hits;
  for (int i = 0; i < 10; ++i) hits.push_back(*a->hit("k"));
  EXPECT_EQ(a->store().usage().pinned, 1u);
  EXPECT_EQ(hits.back().hits(), 10u);
  a->store().purge(by_key("k"));
  while (hits.size() > 1) hits.pop_back();
  EXPECT_EQ(a->store().usage().limbo, 1u);
  hits.clear();
  expect_nothing_lost(a->store());
}

TEST_F(PinTest, a_replaced_entry_stays_for_those_who_read_it) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  ASSERT_TRUE(a->put("k", 1000));
  auto old = b->hit("k");
  ASSERT_TRUE(a->put("k", 2000, true, never));
  EXPECT_EQ(read_content(*old, 0, 5000), content_of("k", 1000));
  EXPECT_TRUE(b->proves("k", 2000));
  old.reset();
  EXPECT_EQ(a->store().usage().objects, 1u);
  expect_nothing_lost(a->store());
}

}  // namespace
}  // namespace ringwall::cache::test
