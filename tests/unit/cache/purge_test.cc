#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class PurgeTest : public CacheTest {};

TEST_F(PurgeTest, by_key_removes_exactly_that_and_counts_it) {
  open();
  auto a = worker(0);
  ASSERT_TRUE(a->put("http://a/1", 1000));
  ASSERT_TRUE(a->put("http://a/11", 1000));
  const PurgeCount purged = a->store().purge(by_key("http://a/1"));
  EXPECT_EQ(purged.objects, 1u);
  EXPECT_EQ(purged.bytes, 1000 + head_for("http://a/1").size());
  EXPECT_TRUE(purged.complete);
  EXPECT_FALSE(a->has("http://a/1"));
  EXPECT_TRUE(a->has("http://a/11"));
  EXPECT_EQ(a->store().purge(by_key("http://a/1")).objects, 0u);
  EXPECT_EQ(a->store().counters().purged, 1u);
}

TEST_F(PurgeTest, by_key_during_a_fill_hides_it_from_all_but_its_followers) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  ASSERT_TRUE(fill->begin_head({}, "old", 4));
  auto follow = b->follow("k");
  EXPECT_TRUE(fill->storable());
  a->store().purge(by_key("k"));
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
  EXPECT_EQ(a->store().purge(by_key("k")).objects, 0u);
  EXPECT_TRUE(a->permit("k"));
  expect_nothing_lost(a->store());
}

TEST_F(PurgeTest, by_key_takes_all_variants_and_softly_marks_them) {
  open();
  auto a = worker(0);
  for (const char* n : {"0", "1", "2"}) ASSERT_TRUE(a->put_variant("k", 1000, {{"n", n}}));
  auto fill = a->permit("other");
  const PurgeCount soft = a->store().purge(by_key("k", true));
  EXPECT_EQ(soft.objects, 3u);
  EXPECT_EQ(a->store().usage().objects, 3u);
  EXPECT_FALSE(std::holds_alternative<Hit>(a->find("k", unless_purged).way));
  EXPECT_TRUE(std::holds_alternative<Hit>(a->find("k").way)) << "the rule decides";
  Purge dry = by_key("k");
  dry.dry_run = true;
  EXPECT_EQ(a->store().purge(dry).objects, 3u);
  EXPECT_EQ(a->store().purge(by_key("k")).objects, 3u);
  EXPECT_EQ(a->store().usage().objects, 0u);
  fill.reset();
  expect_nothing_lost(a->store());
}

TEST_F(PurgeTest, softly_during_a_fill_stores_it_as_stale) {
  open();
  auto a = worker(0);
  auto fill = a->permit("k");
  a->store().purge(by_key("k", true));
  EXPECT_TRUE(fill->storable());
  ASSERT_TRUE(Worker::complete(*fill, "k", 100));
  fill.reset();
  EXPECT_FALSE(std::holds_alternative<Hit>(a->find("k", unless_purged).way));
  ASSERT_TRUE(a->put("k", 200, true, unless_purged)) << "and replaced by what is fresh";
  EXPECT_TRUE(std::holds_alternative<Hit>(a->find("k", unless_purged).way));
  expect_nothing_lost(a->store());
}

/// By prefix, tag and all: in force at once, swept later.
class PendingPurgeTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    a_ = worker(0);
    b_ = worker(1);
    watcher_ = std::make_unique<Store>(observer());
    red_ = watcher_->hash_tag("tag", "red");
    blue_ = watcher_->hash_tag("tag", "blue");
  }
  bool put(const std::string& key, std::vector<uint64_t> tags = {}, size_t size = 500) {
    return a_->put(key, size, size % 2 == 0, always, {{}, tags});
  }
  static bool stale(Worker& worker, const std::string& key) {
    return std::holds_alternative<Fill>(worker.find(key, unless_purged).way);
  }
  uint64_t pending() { return watcher_->usage().purges_pending; }

  std::unique_ptr<Worker> a_;
  std::unique_ptr<Worker> b_;
  std::unique_ptr<Store> watcher_;
  uint64_t red_ = 0;
  uint64_t blue_ = 0;
};

TEST_F(PendingPurgeTest, by_prefix_is_in_force_at_once_and_sweeping_counts_it) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(put("http://a/x/" + std::to_string(i)));
    ASSERT_TRUE(put("http://a/y/" + std::to_string(i)));
  }
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_TRUE(watcher_->purge(by_prefix("http://a/x/")).complete);
  EXPECT_EQ(pending(), 1u);
  EXPECT_FALSE(a_->has("http://a/x/7"));
  EXPECT_FALSE(b_->hit("http://a/x/8"));
  EXPECT_TRUE(a_->has("http://a/y/7"));
  EXPECT_EQ(watcher_->usage().objects, 998u) << "lookups take out what they meet";
  const PurgeCount swept = watcher_->sweep();
  EXPECT_EQ(swept.objects, 500u);
  size_t bytes = 0;
  for (int i = 0; i < 500; ++i) bytes += 500 + head_for("http://a/x/" + std::to_string(i)).size();
  EXPECT_EQ(swept.bytes, bytes);
  EXPECT_TRUE(swept.complete);
  EXPECT_EQ(watcher_->counters().purged, 500u);
  EXPECT_EQ(pending(), 0u);
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_TRUE(b_->hit("http://a/y/499"));
  EXPECT_EQ(breaches(*watcher_), "");
  watcher_->purge(of_all());
  EXPECT_EQ(watcher_->sweep().objects, 500u);
  EXPECT_EQ(watcher_->usage().used_bytes, 0u);
  expect_at_rest(*watcher_);
}

TEST_F(PendingPurgeTest, by_tag_takes_those_that_carry_it) {
  ASSERT_TRUE(put("red", {red_}));
  ASSERT_TRUE(put("both", {blue_, red_}, 101));
  ASSERT_TRUE(put("large", {blue_, red_}, 200'001));
  ASSERT_TRUE(put("blue", {blue_}));
  ASSERT_TRUE(put("none"));
  EXPECT_NE(red_, watcher_->hash_tag("group", "red"));
  EXPECT_NE(Store::hash_tag("ta", "gred"), red_) << "what is the space and what is the word counts";
  EXPECT_EQ(red_, 0xca6d129ade5bbf24u) << "what snapshots of earlier releases hold";
  Purge dry = by_tag(red_);
  dry.dry_run = true;
  EXPECT_EQ(watcher_->purge(dry).objects, 3u);
  EXPECT_EQ(pending(), 0u);
  watcher_->purge(by_tag(red_));
  EXPECT_EQ(watcher_->purge(dry).objects, 0u) << "they are gone";
  for (const char* key : {"red", "both", "large"}) EXPECT_FALSE(b_->has(key));
  for (const char* key : {"blue", "none"}) EXPECT_TRUE(b_->has(key));
  EXPECT_EQ(watcher_->sweep().objects, 3u);
  ASSERT_TRUE(put("red", {red_}));
  EXPECT_TRUE(b_->has("red")) << "what is stored later does not meet it";
  EXPECT_EQ(breaches(*watcher_), "");
}

TEST_F(PendingPurgeTest, softly_marks_and_never_revives) {
  ASSERT_TRUE(put("red", {red_}));
  ASSERT_TRUE(put("blue", {blue_}));
  ASSERT_TRUE(put("other"));
  watcher_->purge(by_tag(red_, true));
  EXPECT_TRUE(stale(*b_, "red"));
  EXPECT_TRUE(b_->hit("red"));
  EXPECT_FALSE(stale(*b_, "blue"));
  EXPECT_EQ(watcher_->sweep().objects, 1u);
  EXPECT_TRUE(stale(*b_, "red"));
  watcher_->purge(of_all(true));
  EXPECT_TRUE(stale(*a_, "other"));
  EXPECT_EQ(watcher_->sweep().objects, 3u);
  EXPECT_EQ(watcher_->usage().objects, 3u);
  watcher_->purge(of_all());
  watcher_->purge(of_all(true));
  EXPECT_FALSE(a_->has("other")) << "the hard one counts";
  EXPECT_EQ(watcher_->sweep().objects, 3u);
  EXPECT_EQ(breaches(*watcher_), "");
}

TEST_F(PendingPurgeTest, meets_fills_whose_tags_come_after_it) {
  auto red = a_->permit("red");
  auto blue = a_->permit("blue");
  auto soft = a_->permit("soft");
  const uint64_t green = watcher_->hash_tag("tag", "green");
  watcher_->purge(by_tag(red_));
  watcher_->purge(by_tag(green, true));
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_EQ(pending(), 2u) << "fills that wait for their heads keep them";
  ASSERT_TRUE(red->begin_head({}, "head", 3, {{}, {&red_, 1}}));
  EXPECT_FALSE(red->storable());
  ASSERT_TRUE(red->append("abc"));
  red->finish();
  EXPECT_FALSE(a_->has("red"));
  EXPECT_TRUE(Worker::complete(*blue, "blue", 100, true, {{}, {&blue_, 1}}));
  EXPECT_TRUE(a_->has("blue"));
  EXPECT_TRUE(Worker::complete(*soft, "soft", 100, true, {{}, {&green, 1}}));
  EXPECT_TRUE(stale(*a_, "soft"));
  watcher_->sweep();
  EXPECT_EQ(pending(), 0u);
  red.reset();
  blue.reset();
  soft.reset();
  expect_nothing_lost(*watcher_);
}

TEST_F(PendingPurgeTest, meets_fills_whose_content_is_arriving) {
  auto red = a_->permit("red");
  auto blue = a_->permit("blue");
  ASSERT_TRUE(red->begin_head({}, "head", 3, {{}, {&red_, 1}}));
  ASSERT_TRUE(blue->begin_head({}, "head", 3, {{}, {&blue_, 1}}));
  watcher_->purge(by_tag(red_));
  auto second = b_->permit("red");
  ASSERT_TRUE(second) << "nobody follows what was purged";
  EXPECT_FALSE(red->storable());
  EXPECT_TRUE(b_->follow("blue"));
  second.reset();
  watcher_->sweep();
  EXPECT_EQ(pending(), 0u) << "with their heads there, fills can be tested";
  ASSERT_TRUE(red->append("abc"));
  red->finish();
  ASSERT_TRUE(blue->append("abc"));
  blue->finish();
  EXPECT_FALSE(a_->has("red"));
  EXPECT_TRUE(a_->has("blue"));
  red.reset();
  blue.reset();
  expect_nothing_lost(*watcher_);
}

TEST_F(PendingPurgeTest, between_the_head_and_the_end_of_a_fill_meets_it_at_its_end) {
  auto fill = a_->permit("red");
  ASSERT_TRUE(fill->begin_head({}, "head", 3, {{}, {&red_, 1}}));
  watcher_->purge(by_prefix("re"));
  ASSERT_TRUE(fill->append("abc"));
  fill->finish();
  EXPECT_FALSE(fill->storable());
  fill = a_->permit("red");
  watcher_->purge(of_all(true));
  ASSERT_TRUE(Worker::complete(*fill, "red", 10));
  fill.reset();
  EXPECT_TRUE(stale(*b_, "red"));
}

TEST_F(PendingPurgeTest, meets_a_validation_under_way) {
  ASSERT_TRUE(put("k", {red_}));
  Found found = a_->find("k", never);
  watcher_->purge(by_tag(red_));
  ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed", {{}, {&red_, 1}}));
  EXPECT_FALSE(std::get<Fill>(found.way).storable());
  found = {Busy::lock, {}, {}, false};
  EXPECT_FALSE(a_->has("k"));
  EXPECT_EQ(watcher_->sweep().objects, 1u);
  expect_nothing_lost(*watcher_);
}

TEST_F(PendingPurgeTest, removes_markers_unless_it_is_soft) {
  a_->permit("k")->uncacheable(100);
  watcher_->purge(of_all(true));
  EXPECT_EQ(b_->busy("k"), Busy::marked);
  watcher_->purge(of_all());
  EXPECT_TRUE(b_->permit("k"));
  a_->permit("k2")->uncacheable(100);
  watcher_->purge(of_all());
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_EQ(watcher_->usage().markers, 0u);
  expect_nothing_lost(*watcher_);
}

TEST_F(PendingPurgeTest, more_than_the_table_holds_are_refused_until_a_sweep) {
  ASSERT_TRUE(put("k", {red_}));
  uint64_t accepted = 0;
  while (watcher_->purge(by_tag(watcher_->hash_tag("n", std::to_string(accepted)))).complete) {
    ASSERT_LT(++accepted, 100'000u);
  }
  EXPECT_EQ(accepted, pending());
  EXPECT_GE(accepted, 4000u);
  EXPECT_FALSE(watcher_->purge(by_tag(red_)).complete);
  EXPECT_TRUE(a_->has("k"));
  EXPECT_TRUE(watcher_->purge(by_tag(watcher_->hash_tag("n", "0"))).complete) << "is there already";
  EXPECT_EQ(breaches(*watcher_), "");
  for (int i = 0; i < 64; ++i) {
    EXPECT_TRUE(watcher_->purge(by_prefix("p" + std::to_string(i))).complete);
  }
  EXPECT_FALSE(watcher_->purge(by_prefix("one more")).complete);
  EXPECT_TRUE(watcher_->purge(by_prefix("p0", true)).complete);
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_EQ(pending(), 0u);
  EXPECT_TRUE(watcher_->purge(by_tag(red_)).complete);
  EXPECT_FALSE(a_->has("k"));
  EXPECT_EQ(breaches(*watcher_), "");
}

TEST_F(PendingPurgeTest, one_process_sweeps_at_a_time_and_one_that_dies_is_succeeded) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put("k" + std::to_string(i)));
  watcher_->purge(of_all());
  const pid_t pid = fork_worker([&] {
    auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
    pthread_mutex_lock(&(*process)->purges().sweeping);
    kill(getpid(), SIGSTOP);
    for (;;) pause();
  });
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  EXPECT_FALSE(watcher_->sweep().complete);
  EXPECT_FALSE(a_->has("k3")) << "in force without a sweep";
  kill(pid, SIGKILL);
  wait_for(pid);
  EXPECT_EQ(watcher_->sweep().objects, 100u);
  EXPECT_EQ(breaches(*watcher_), "");
}

TEST_F(PendingPurgeTest, listings_leave_out_what_is_purged) {
  ASSERT_TRUE(put("red", {red_}));
  ASSERT_TRUE(put("blue", {blue_}));
  watcher_->purge(by_tag(red_));
  watcher_->purge(by_tag(blue_, true));
  std::string seen;
  watcher_->walk(
      [](const Store::Listed& entry, void* context) {
        *static_cast<std::string*>(context) += std::string(entry.key) +
                                               (entry.purged_soft ? " soft" : "") +
                                               std::to_string(entry.tags);
        return true;
      },
      &seen);
  EXPECT_EQ(seen, "blue soft1");
}

}  // namespace
}  // namespace ringwall::cache::test
