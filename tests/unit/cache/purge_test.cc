#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class PurgeTest : public CacheTest {};

TEST_F(PurgeTest, by_key_removes_exactly_that_and_counts_it) {
  open();
  auto a = worker(0);
  ASSERT_TRUE(a->put("http://a/1", 1000));
  ASSERT_TRUE(a->put("http://a/11", 1000));
  const PurgeCount purged = a->store().purge("http://a/1");
  EXPECT_EQ(purged.objects, 1u);
  EXPECT_EQ(purged.bytes, 1000 + head_for("http://a/1").size());
  EXPECT_TRUE(purged.complete);
  EXPECT_FALSE(a->has("http://a/1"));
  EXPECT_TRUE(a->has("http://a/11"));
  EXPECT_EQ(a->store().purge("http://a/1").objects, 0u);
  EXPECT_EQ(a->store().counters().purged, 1u);
}

TEST_F(PurgeTest, by_prefix_removes_what_begins_with_it) {
  open();
  auto a = worker(0);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(a->put("http://a/x/" + std::to_string(i), 300));
    ASSERT_TRUE(a->put("http://a/y/" + std::to_string(i), 300));
  }
  Store watcher = observer();
  EXPECT_EQ(watcher.purge_prefix("http://a/x/").objects, 500u);
  EXPECT_EQ(watcher.usage().objects, 500u);
  EXPECT_FALSE(a->has("http://a/x/7"));
  EXPECT_TRUE(a->has("http://a/y/7"));
  EXPECT_EQ(watcher.purge_all().objects, 500u);
  EXPECT_EQ(watcher.usage().used_bytes, 0u);
  expect_at_rest(watcher);
}

TEST_F(PurgeTest, during_a_fill_hides_it_from_all_but_its_followers) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  ASSERT_TRUE(fill->begin_head({}, "old", 4));
  auto follow = b->follow("k");
  EXPECT_TRUE(fill->storable());
  a->store().purge("k");
  EXPECT_FALSE(fill->storable());
  auto second = b->permit("k");
  ASSERT_TRUE(second) << "nobody else finds the purged fill";
  ASSERT_TRUE(fill->append("1234"));
  fill->finish();
  EXPECT_EQ(follow->state(), Follow::State::complete);
  EXPECT_EQ(read_content(*follow, 0, 9), "1234");
  EXPECT_FALSE(b->has("k"));
  ASSERT_TRUE(second->begin_head({}, "new", 0));
  second->finish();
  EXPECT_EQ(a->hit("k")->head(), "new");
  fill.reset();
  second.reset();
  follow.reset();
  expect_nothing_lost(a->store());
}

TEST_F(PurgeTest, removes_markers) {
  open();
  auto a = worker(0);
  auto fill = a->permit("k");
  fill->uncacheable(100);
  fill.reset();
  EXPECT_EQ(a->store().purge("k").objects, 0u);
  EXPECT_TRUE(a->permit("k"));
  expect_nothing_lost(a->store());
}

}  // namespace
}  // namespace ringwall::cache::test
