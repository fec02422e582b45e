// What the proxy's rooms ask of the store beside hits and fills: failures told to those who wait,
// lookups without a permit, handles shared, tags and order that outlive a renewal.
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class FaceTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    a = worker(0);
    b = worker(1);
  }
  void TearDown() override {
    if (a) expect_nothing_lost(a->store());
    a.reset();
    b.reset();
  }
  /// What a failed origin has to say.
  static Facts failure() {
    Facts facts;
    facts.status = 503;
    return facts;
  }
  std::unique_ptr<Worker> a;
  std::unique_ptr<Worker> b;
};

TEST_F(FaceTest, a_dismissed_fill_tells_those_who_wait_and_stores_nothing) {
  auto fill = a->permit("k");
  auto follow = b->follow("k");
  ASSERT_TRUE(follow);
  fill->dismiss(failure());
  EXPECT_EQ(follow->state(), Follow::State::complete);
  EXPECT_EQ(follow->facts().status, 503);
  EXPECT_EQ(follow->available(), 0u);
  fill.reset();
  EXPECT_FALSE(b->has("k"));
  EXPECT_TRUE(b->put("k", 10)) << "whoever comes next leads";
}

TEST_F(FaceTest, a_dismissed_fill_leaves_what_it_was_to_replace) {
  ASSERT_TRUE(a->put("k", 10));
  auto fill = a->permit("k", never);
  fill->dismiss(failure());
  fill.reset();
  EXPECT_TRUE(b->proves("k", 10));
}

TEST_F(FaceTest, what_is_finished_unstored_is_whole_for_those_who_wait_and_for_nobody_else) {
  ASSERT_TRUE(a->put("k", 10));
  auto fill = a->permit("k", never);
  Found found = b->find("k", never);
  auto& follow = std::get<Follow>(found.way);
  ASSERT_TRUE(fill->begin_head(facts_for(30), head_for("k"), 30));
  ASSERT_TRUE(fill->append(content_of("k", 30)));
  fill->finish_unstored();
  EXPECT_EQ(read_content(follow, 0, 30), content_of("k", 30));
  EXPECT_EQ(follow.state(), Follow::State::complete);
  fill.reset();
  EXPECT_TRUE(b->proves("k", 10)) << "what was stored before still is";
}

TEST_F(FaceTest, uses_are_counted_for_all_workers_together) {
  EXPECT_EQ(a->store().note_use("k", 1000, 60), 1u);
  EXPECT_EQ(b->store().note_use("k", 1001, 60), 2u);
  EXPECT_EQ(a->store().note_use("other", 1001, 60), 1u);
  EXPECT_EQ(a->store().note_use("k", 1200, 60), 1u) << "the window has passed";
}

TEST_F(FaceTest, without_a_permit_a_miss_is_the_callers_alone) {
  Lookup lookup = a->lookup("k");
  lookup.permit = false;
  Found found = a->store().find(lookup);
  EXPECT_EQ(std::get<Busy>(found.way), Busy::alone);
  EXPECT_FALSE(found.stored);
  EXPECT_EQ(a->store().usage().filling, 0u);
  auto fill = b->permit("k");
  found = a->store().find(lookup);
  EXPECT_TRUE(std::holds_alternative<Follow>(found.way)) << "what others fetch is followed";
}

TEST_F(FaceTest, without_a_permit_what_is_stored_is_still_given) {
  ASSERT_TRUE(a->put("k", 10));
  Lookup lookup = a->lookup("k", never);
  lookup.permit = false;
  Found found = a->store().find(lookup);
  EXPECT_EQ(std::get<Busy>(found.way), Busy::alone);
  ASSERT_TRUE(found.stored);
  EXPECT_EQ(found.stored->content_length(), 10u);
}

TEST_F(FaceTest, a_shared_handle_keeps_the_response_when_the_first_has_gone) {
  ASSERT_TRUE(a->put("k", 1000));
  auto first = a->hit("k");
  Hit second = first->share();
  first.reset();
  b->store().purge(by_key("k"));
  EXPECT_EQ(read_content(second, 0, 1000), content_of("k", 1000));
}

TEST_F(FaceTest, followers_are_counted_without_the_one_who_fills) {
  auto fill = a->permit("k");
  auto first = a->follow("k");
  EXPECT_EQ(first->followers_here(), 1u);
  auto second = a->follow("k");
  EXPECT_EQ(second->followers_here(), 2u);
  auto other = b->follow("k");
  EXPECT_EQ(other->followers_here(), 1u) << "each worker counts its own";
}

TEST_F(FaceTest, a_soft_purge_shows_in_the_handles) {
  auto fill = a->permit("k");
  auto follow = b->follow("k");
  a->store().purge(by_key("k", true));
  EXPECT_TRUE(follow->purged_soft());
  ASSERT_TRUE(Worker::complete(*fill, "k", 10));
  fill.reset();
  follow.reset();
  auto hit = b->hit("k");
  ASSERT_TRUE(hit);
  EXPECT_TRUE(hit->purged_soft());
}

TEST_F(FaceTest, a_renewed_response_can_still_be_purged_by_the_old_tags) {
  const uint64_t old_tag = a->store().hash_tag("tag", "old");
  const uint64_t new_tag = a->store().hash_tag("tag", "new");
  const std::array tags = {old_tag};
  ASSERT_TRUE(a->put("k", 10, true, always, {{}, tags}));
  for (uint64_t tag : {old_tag, new_tag}) {
    Found found = a->find("k", never);
    const std::array further = {new_tag};
    auto& fill = std::get<Fill>(found.way);
    ASSERT_TRUE(fill.renew(*found.stored, facts_for(10), head_for("k"), {{}, further}));
    Purge trial = by_tag(tag);
    trial.dry_run = true;
    EXPECT_EQ(a->store().purge(trial).objects, 1u);
  }
  EXPECT_EQ(a->store().purge(of_all()).complete, true);
  a->store().sweep();
}

TEST_F(FaceTest, a_refreshed_response_keeps_the_rank_of_the_one_before) {
  const auto is_protected = [&] {
    bool protected_ = false;
    a->store().inspect(
        "k",
        [](const Store::Listed& listed, void* out) {
          *static_cast<bool*>(out) = listed.protected_;
        },
        &protected_);
    return protected_;
  };
  ASSERT_TRUE(a->put("k", 10));
  EXPECT_FALSE(is_protected());
  ASSERT_TRUE(a->hit("k"));
  EXPECT_TRUE(is_protected());
  ASSERT_TRUE(a->put("k", 20, true, never));
  EXPECT_TRUE(is_protected());
  EXPECT_TRUE(b->proves("k", 20));
}

}  // namespace
}  // namespace ringwall::cache::test
