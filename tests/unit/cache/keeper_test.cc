#include "cache/keeper.h"

#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

constexpr unsigned keeper_slot = 7;

class KeeperTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    a_ = worker(0);
    keeping_ = worker(keeper_slot);
    keeper_.emplace(keeping_->store());
  }
  void TearDown() override {
    expect_at_rest(a_->store());
    keeper_.reset();
  }
  std::vector<std::string> taken() {
    std::vector<std::string> keys;
    for (const Keeper::Place& place : keeper_->places()) {
      auto way = keeper_->take(place);
      if (auto* kept = std::get_if<Kept>(&way)) keys.emplace_back(kept->key());
    }
    return keys;
  }
  std::optional<Fill> permit(std::string_view key, std::string_view selectors = {}) {
    Keeper::Former former;
    former.key = key;
    former.selectors = selectors;
    auto way = keeper_->put_back(former, a_->now);
    if (auto* fill = std::get_if<Fill>(&way)) return std::move(*fill);
    return std::nullopt;
  }

  std::unique_ptr<Worker> a_;
  std::unique_ptr<Worker> keeping_;
  std::optional<Keeper> keeper_;
};

TEST_F(KeeperTest, what_was_used_last_comes_first) {
  for (const char* key : {"1", "2", "3"}) ASSERT_TRUE(a_->put(key, 100));
  EXPECT_EQ(taken(), (std::vector<std::string>{"3", "2", "1"}));
  EXPECT_TRUE(a_->hit("1"));
  EXPECT_EQ(taken(), (std::vector<std::string>{"1", "3", "2"}));
}

TEST_F(KeeperTest, a_place_whose_response_has_gone_gives_nothing_else) {
  ASSERT_TRUE(a_->put("gone", 5000));
  ASSERT_TRUE(a_->put("purged/1", 5000));
  const std::vector<Keeper::Place> places = keeper_->places();
  a_->store().purge(by_key("gone"));
  a_->store().purge(by_prefix("purged/"));
  ASSERT_TRUE(a_->put("other", 5000)) << "where the first one was";
  for (const Keeper::Place& place : places) {
    auto way = keeper_->take(place);
    EXPECT_TRUE(std::holds_alternative<Keeper::Missing>(way));
  }
  a_->store().sweep();
}

TEST_F(KeeperTest, a_fill_in_the_place_of_a_response_is_none) {
  ASSERT_TRUE(a_->put("k", 100));
  const std::vector<Keeper::Place> places = keeper_->places();
  a_->store().purge(by_key("k"));
  auto fill = a_->permit("k");  // of the same key, in the same units
  ASSERT_TRUE(fill);
  auto way = keeper_->take(places.at(0));
  EXPECT_TRUE(std::holds_alternative<Keeper::Missing>(way));
}

TEST_F(KeeperTest, what_was_taken_stays_while_it_is_held) {
  ASSERT_TRUE(a_->put("k", 50'000));
  auto way = keeper_->take(keeper_->places().at(0));
  const Kept& kept = std::get<Kept>(way);
  a_->store().purge(by_key("k"));
  EXPECT_FALSE(a_->has("k"));
  EXPECT_EQ(read_content(kept, 0, 50'000), content_of("k", 50'000));
  EXPECT_EQ(kept.head(), head_for("k"));
  way = Keeper::Missing::gone;
}

TEST_F(KeeperTest, what_is_put_back_is_found_and_followed_like_any_fill) {
  auto fill = permit("k");
  ASSERT_TRUE(fill);
  EXPECT_FALSE(permit("k")) << "one at a time";
  ASSERT_TRUE(fill->begin_head(facts_for(3), head_for("k"), 3));
  auto follow = a_->follow("k");
  ASSERT_TRUE(follow);
  ASSERT_TRUE(fill->append("abc"));
  fill->finish();
  EXPECT_TRUE(fill->storable());
  EXPECT_EQ(follow->state(), Follow::State::complete);
  fill.reset();
  follow.reset();
  EXPECT_TRUE(a_->has("k"));
}

TEST_F(KeeperTest, what_was_stored_meanwhile_wins) {
  auto fill = permit("k", "lang=de;");
  ASSERT_TRUE(fill);
  ASSERT_TRUE(fill->begin_head(facts_for(3), head_for("old"), 3, {"lang=de;", {}}));
  // For other requests so far, but the answer turns out to be for all.
  a_->fields = {{"lang", "en"}};
  ASSERT_TRUE(a_->put("k", 100));
  ASSERT_TRUE(fill->append("abc"));
  fill->finish();
  EXPECT_FALSE(fill->storable());
  fill.reset();
  a_->fields = {{"lang", "de"}};
  EXPECT_TRUE(a_->proves("k", 100));
}

TEST_F(KeeperTest, no_more_variants_than_there_may_be) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(a_->put_variant("k", 100, {{"n", std::to_string(i)}}));
  }
  auto fill = permit("k", "n=64;");
  ASSERT_TRUE(fill);
  ASSERT_TRUE(fill->begin_head(facts_for(3), head_for("k"), 3, {"n=64;", {}}));
  ASSERT_TRUE(fill->append("abc"));
  fill->finish();
  EXPECT_FALSE(fill->storable());
  fill.reset();
  a_->fields = {{"n", "0"}};
  EXPECT_TRUE(a_->proves("k", 100)) << "the one that was used longest ago";
}

TEST_F(KeeperTest, what_is_too_large_leaves_no_marker) {
  auto fill = permit("k");
  ASSERT_TRUE(fill);
  EXPECT_FALSE(fill->begin_head(facts_for(3), head_for("k"), 7 * MiB));
  fill.reset();
  EXPECT_EQ(a_->store().usage().markers, 0u);
  EXPECT_TRUE(a_->put("k", 100));
}

TEST_F(KeeperTest, an_expired_marker_gives_way) {
  a_->permit("k")->uncacheable(5);
  EXPECT_FALSE(permit("k"));
  a_->now += 10;
  auto fill = permit("k");
  ASSERT_TRUE(fill);
  EXPECT_TRUE(Worker::complete(*fill, "k", 100));
  fill.reset();
  EXPECT_TRUE(a_->proves("k", 100));
  EXPECT_EQ(a_->store().usage().markers, 0u);
}

}  // namespace
}  // namespace ringwall::cache::test
