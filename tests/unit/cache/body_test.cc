// Renewed responses: a head of their own, and the content of an older one.
#include "cache/body.h"

#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class BodyTest : public CacheTest {
 protected:
  void start(uint64_t size = 8 * MiB) {
    open(size);
    a_ = worker(0);
    b_ = worker(1);
  }
  /// Validates the key's response and renews it; whether it is stored.
  static bool renew(Worker& worker, const std::string& key, const std::string& head,
                    const Labels& labels = {}) {
    Found found = worker.find(key, never);
    auto* fill = std::get_if<Fill>(&found.way);
    if (fill == nullptr || !found.stored) return false;
    return fill->renew(*found.stored, facts_for(7), head, labels) && fill->storable();
  }
  static std::string content(Worker& worker, const std::string& key) {
    const auto hit = worker.hit(key);
    return hit ? read_content(*hit, 0, hit->content_length()) : "nothing";
  }

  std::unique_ptr<Worker> a_;
  std::unique_ptr<Worker> b_;
};

TEST_F(BodyTest, a_renewed_response_has_a_new_head_and_the_old_content) {
  start();
  for (const size_t size : {0, 100, 10'000, 300'000}) {
    ASSERT_TRUE(a_->put("k", size));
    const uint64_t used = a_->store().usage().used_bytes;
    for (int i = 0; i < 5; ++i) {
      const std::string head = "renewed " + std::to_string(i);
      ASSERT_TRUE(renew(*a_, "k", head));
      const auto hit = b_->hit("k");
      ASSERT_TRUE(hit);
      EXPECT_EQ(hit->head(), head);
      EXPECT_EQ(hit->facts().lifetime_s, 7u);
      EXPECT_EQ(read_content(*hit, 0, size + 1), content_of("k", size));
      EXPECT_EQ(breaches(a_->store()), "");
    }
    EXPECT_LE(a_->store().usage().used_bytes, used + 320) << "content is not copied";
    EXPECT_EQ(a_->store().usage().objects, 1u);
    EXPECT_EQ(a_->store().usage().limbo, 1u) << "the content's owner waits";
    a_->store().purge(by_key("k"));
    EXPECT_EQ(a_->store().usage().used_bytes, 0u) << "its last sharer takes it along";
  }
  expect_nothing_lost(a_->store());
}

TEST_F(BodyTest, a_head_too_long_for_the_entrys_run_gets_an_extent) {
  start();
  ASSERT_TRUE(a_->put("k", 50'000));
  const std::string head(20'000, 'h');
  ASSERT_TRUE(renew(*a_, "k", head, {"x=;", {}}));
  EXPECT_EQ(a_->hit("k")->head(), head);
  EXPECT_EQ(a_->hit("k")->selectors(), "x=;");
  EXPECT_EQ(content(*b_, "k"), content_of("k", 50'000));
  EXPECT_EQ(a_->store().usage().objects, 1u) << "the renewed one gives way whatever its selectors";
  expect_nothing_lost(a_->store(), 1);
}

TEST_F(BodyTest, who_follows_the_validation_gets_the_old_content) {
  start();
  ASSERT_TRUE(a_->put("k", 5000));
  Found found = a_->find("k", never);
  Found followed = b_->find("k", never);
  auto& follow = std::get<Follow>(followed.way);
  ASSERT_TRUE(follow.arm(Follow::State::waiting, 0));
  ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed"));
  EXPECT_TRUE(rung(1));
  EXPECT_EQ(follow.state(), Follow::State::complete);
  EXPECT_EQ(follow.head(), "renewed");
  EXPECT_EQ(read_content(follow, 0, 9999), content_of("k", 5000));
  Follow own = std::get<Fill>(found.way).follow();
  EXPECT_EQ(own.state(), Follow::State::complete);
}

TEST_F(BodyTest, readers_of_the_old_and_the_new_keep_what_they_read) {
  start(1 * MiB);
  ASSERT_TRUE(a_->put("k", 100'000));
  auto old = b_->hit("k");
  ASSERT_TRUE(renew(*a_, "k", "renewed"));
  auto renewed = b_->hit("k");
  ASSERT_TRUE(renew(*a_, "k", "again"));
  a_->store().purge(by_key("k"));
  const auto use_the_room = [&](const std::string& prefix) {
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(a_->put(prefix + std::to_string(i), 30'000));
  };
  use_the_room("other");
  EXPECT_EQ(read_content(*old, 0, 100'000), content_of("k", 100'000));
  old.reset();
  use_the_room("further");
  EXPECT_EQ(read_content(*renewed, 0, 100'000), content_of("k", 100'000));
  EXPECT_EQ(breaches(a_->store()), "");
  const uint64_t used = a_->store().usage().used_bytes;
  renewed.reset();
  EXPECT_EQ(a_->store().usage().limbo, 0u);
  EXPECT_LT(a_->store().usage().used_bytes, used - 100'000);
  expect_nothing_lost(a_->store());
}

TEST_F(BodyTest, the_old_reader_may_be_the_last) {
  start();
  ASSERT_TRUE(a_->put("k", 100'000));
  auto old = b_->hit("k");
  ASSERT_TRUE(renew(*a_, "k", "renewed"));
  a_->store().purge(by_key("k"));
  EXPECT_EQ(a_->store().usage().limbo, 1u);
  old.reset();
  EXPECT_EQ(a_->store().usage().used_bytes, 0u);
  expect_at_rest(a_->store());
}

TEST_F(BodyTest, evicting_a_renewed_response_gains_its_content_at_once) {
  start(2 * MiB);
  for (int i = 0; i < 12; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(a_->put(key, 150'000));
    ASSERT_TRUE(renew(*a_, key, "renewed"));
  }
  const uint64_t evictions = a_->store().counters().evictions;
  ASSERT_TRUE(a_->put("large", 280'000));
  EXPECT_LE(a_->store().counters().evictions, evictions + 3);
  EXPECT_GT(a_->store().usage().objects, 5u);
  EXPECT_EQ(breaches(a_->store()), "");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(a_->put("m" + std::to_string(i), 150'000));
  EXPECT_EQ(a_->store().usage().limbo, 0u);
  expect_nothing_lost(a_->store());
}

TEST_F(BodyTest, what_was_purged_during_its_validation_serves_those_who_asked_before) {
  start(1 * MiB);
  ASSERT_TRUE(a_->put("k", 50'000));
  Found found = a_->find("k", never);
  auto& fill = std::get<Fill>(found.way);
  a_->store().purge(by_key("k"));
  EXPECT_FALSE(fill.storable()) << "the purge met the fill as well";
  ASSERT_TRUE(fill.renew(*found.stored, {}, "renewed"));
  EXPECT_FALSE(b_->has("k"));
  found.stored.reset();
  EXPECT_EQ(read_content(fill, 0, 50'000), content_of("k", 50'000));
  found = {Busy::lock, {}, {}, false};
  expect_nothing_lost(a_->store());
}

TEST_F(BodyTest, a_variant_replaced_meanwhile_may_still_give_its_content) {
  start();
  ASSERT_TRUE(a_->put_variant("k", 5000, {{"lang", "de"}}));
  Found found = a_->find("k", never);
  ASSERT_TRUE(found.stored);
  b_->fields = {{"lang", "fr"}};
  ASSERT_TRUE(b_->put("k", 10, true, never)) << "fits all, replaces all";
  ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed", {"lang=de;", {}}));
  found = {Busy::lock, {}, {}, false};
  EXPECT_EQ(a_->hit("k")->head(), "renewed");
  EXPECT_EQ(content(*a_, "k"), content_of("k", 5000));
  EXPECT_EQ(breaches(a_->store()), "");
  expect_nothing_lost(a_->store(), 1);
}

TEST_F(BodyTest, the_death_of_a_reader_of_either_gives_all_back) {
  start();
  Store watcher = observer();
  ASSERT_TRUE(a_->put("k", 100'000));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = fork_worker([&] {
    auto own = worker(2);
    auto old = own->hit("k");
    EXPECT_TRUE(renew(*own, "k", "renewed"));
    auto renewed = own->hit("k");
    Found half = own->find("k", never);
    EXPECT_TRUE(half.stored);
    EXPECT_EQ(write(ready[1], "x", 1), 1);
    for (;;) pause();
  });
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  a_->store().purge(by_key("k"));
  kill(pid, SIGKILL);
  wait_for(pid);
  EXPECT_TRUE(watcher.recover(2));
  EXPECT_EQ(watcher.usage().used_bytes, 0u);
  expect_at_rest(watcher);
}

}  // namespace
}  // namespace ringwall::cache::test
