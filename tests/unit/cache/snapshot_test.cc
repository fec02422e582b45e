#include "cache/snapshot.h"

#include "cache/snapshot_format.h"
#include "tests/unit/cache/snapshot_fixture.h"

namespace ringwall::cache::test {
namespace {

TEST_F(SnapshotTest, every_byte_comes_back_in_another_cache) {
  {
    auto a = worker(0);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), size_of(i), i % 2));
    ASSERT_TRUE(a->put("none", 0));
    ASSERT_TRUE(a->put("large", 1'500'000));
    const Saved saved = save();
    EXPECT_EQ(saved.responses, 102u);
    EXPECT_EQ(saved.gone, 0u);
    EXPECT_EQ(saved.file_bytes, static_cast<uint64_t>(size()));
    expect_at_rest(a->store());
  }
  auto b = other(16 * MiB);
  const Loaded loaded = load();
  EXPECT_EQ(loaded.responses, 102u);
  EXPECT_EQ(loaded.damage, "");
  EXPECT_EQ(progress_.responses, 102u);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(b->proves("k" + std::to_string(i), size_of(i))) << i;
  EXPECT_TRUE(b->proves("none", 0));
  EXPECT_TRUE(b->proves("large", 1'500'000));
  EXPECT_EQ(b->store().counters().misses, 0u) << "nobody asked for anything";
  expect_nothing_lost(b->store());
}

TEST_F(SnapshotTest, variants_tags_marks_and_hits_come_back) {
  const uint64_t red = Store::hash_tag("tag", "red");
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put_variant("k", 100, {{"lang", "de"}}));
    ASSERT_TRUE(a->put_variant("k", 200, {{"lang", "en"}}));
    a->fields.clear();
    ASSERT_TRUE(a->put("red", 300, true, always, {{}, {&red, 1}}));
    ASSERT_TRUE(a->put("soft", 400));
    a->store().purge(by_key("soft", true));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(a->hit("red"));
    EXPECT_EQ(save().responses, 4u);
  }
  auto b = other();
  EXPECT_EQ(load().responses, 4u);
  b->fields = {{"lang", "de"}};
  EXPECT_TRUE(b->proves("k", 100));
  b->fields = {{"lang", "en"}};
  EXPECT_TRUE(b->proves("k", 200));
  EXPECT_EQ(b->hit("red")->hits(), 4u);
  EXPECT_TRUE(b->hit("soft")->purged_soft());
  EXPECT_FALSE(b->hit("red")->purged_soft());
  b->store().purge(by_tag(red));
  EXPECT_FALSE(b->has("red"));
  EXPECT_TRUE(b->has("soft"));
  expect_nothing_lost(b->store());
}

TEST_F(SnapshotTest, a_renewed_response_comes_back_with_its_content) {
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put("k", 5000));
    Found found = a->find("k", never);
    ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, facts_for(5000), head_for("new")));
  }
  EXPECT_EQ(save().responses, 1u);
  auto b = other();
  EXPECT_EQ(load().responses, 1u);
  auto hit = b->hit("k");
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->head(), head_for("new"));
  EXPECT_EQ(read_content(*hit, 0, 5000), content_of("k", 5000));
}

TEST_F(SnapshotTest, fills_markers_and_what_is_purged_stay_out) {
  auto a = worker(0);
  ASSERT_TRUE(a->put("kept", 100));
  ASSERT_TRUE(a->put("gone/1", 100));
  auto filling = a->permit("filling");
  ASSERT_TRUE(filling->begin_head(facts_for(10), head_for("filling"), 10));
  a->permit("marked")->uncacheable(60);
  a->store().purge(by_prefix("gone/"));  // and not swept
  EXPECT_EQ(save().responses, 1u);
}

TEST_F(SnapshotTest, a_soft_purge_that_was_not_swept_is_saved) {
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put("a/1", 100));
    a->store().purge(by_prefix("a/", true));
    EXPECT_EQ(save().responses, 1u);
  }
  auto b = other();
  load();
  EXPECT_TRUE(b->hit("a/1")->purged_soft());
}

TEST_F(SnapshotTest, all_counts_as_purged_softly_on_demand) {
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put("k", 100));
    save();
  }
  auto b = other();
  EXPECT_EQ(load(true).responses, 1u);
  EXPECT_TRUE(b->hit("k")->purged_soft());
}

TEST_F(SnapshotTest, what_the_cache_has_already_stays) {
  {
    auto a = worker(0);
    ASSERT_TRUE(a->put("k", 100));
    ASSERT_TRUE(a->put("marked", 100));
    ASSERT_TRUE(a->put_variant("v", 100, {{"lang", "de"}}));
    ASSERT_TRUE(a->put_variant("v", 200, {{"lang", "en"}}));
    save();
    EXPECT_EQ(load().present, 4u) << "a second time, or into the same cache";
  }
  auto b = other();
  ASSERT_TRUE(b->put("k", 200));
  b->now = base::wall_now_ns() / 1'000'000'000;
  b->permit("marked")->uncacheable(60);
  ASSERT_TRUE(b->put_variant("v", 300, {{"lang", "de"}}));
  auto filling = b->permit("filling");
  const Loaded loaded = load();
  EXPECT_EQ(loaded.present, 3u);
  EXPECT_EQ(loaded.responses, 1u);
  b->fields.clear();
  EXPECT_TRUE(b->proves("k", 200));
  b->fields = {{"lang", "de"}};
  EXPECT_TRUE(b->proves("v", 300));
  b->fields = {{"lang", "en"}};
  EXPECT_TRUE(b->proves("v", 200));
}

TEST_F(SnapshotTest, nothing_is_evicted_and_the_youngest_come_first) {
  {
    auto a = worker(0);
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 10'000));
    EXPECT_GE(save().responses, 600u);
  }
  auto b = other(2 * MiB);
  ASSERT_TRUE(b->put("own", 500'000));
  const Loaded loaded = load();
  EXPECT_EQ(b->store().counters().evictions, 0u);
  EXPECT_GT(loaded.responses, 100u);
  EXPECT_GT(loaded.no_room, 200u);
  EXPECT_TRUE(loaded.full) << "the rest need not be read";
  EXPECT_TRUE(b->proves("own", 500'000));
  EXPECT_TRUE(b->has("k599"));
  EXPECT_TRUE(b->has("k550"));
  EXPECT_FALSE(b->has("k0"));
  expect_nothing_lost(b->store());
}

/// Which of k0 … are left when the cache has had to make room for more and more.
std::vector<int> survivors(Worker& b, int n) {
  std::vector<int> left;
  for (int i = 0; i < n; ++i) {
    if (b.has("k" + std::to_string(i))) left.push_back(i);
  }
  return left;
}

TEST_F(SnapshotTest, the_order_of_eviction_comes_back) {
  segment_.reset();
  open(8 * MiB, true);
  {
    auto a = worker(0);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 20'000));
    ASSERT_TRUE(a->hit("k0"));
    save();
  }
  auto b = other(2 * MiB, true);
  ASSERT_EQ(load().responses, 50u);
  ASSERT_TRUE(b->put("new", 20'000));
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(b->put("more" + std::to_string(i), 20'000));
  const std::vector<int> left = survivors(*b, 50);
  ASSERT_GT(left.size(), 5u);
  ASSERT_LT(left.size(), 45u);
  EXPECT_EQ(left.front(), 0) << "it was used last";
  EXPECT_EQ(left.back(), 49);
  for (size_t i = 2; i < left.size(); ++i) EXPECT_EQ(left[i], left[i - 1] + 1) << "oldest first";
  EXPECT_TRUE(b->has("new")) << "what the cache was asked for goes after what was loaded";
}

TEST_F(SnapshotTest, a_file_that_was_cut_off_gives_what_is_whole) {
  {
    auto a = worker(0);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 10'000));
    save();
  }
  const off_t whole = size();
  ASSERT_EQ(ftruncate(file_.get(), whole / 2), 0);
  auto b = other();
  Loaded loaded = load();
  EXPECT_NE(loaded.damage.find("cut off"), std::string::npos);
  EXPECT_GE(loaded.responses, 8u);
  EXPECT_LE(loaded.responses, 11u);
  EXPECT_LE(loaded.damaged_at, static_cast<uint64_t>(whole / 2));
  EXPECT_TRUE(b->proves("k19", 10'000));
  EXPECT_EQ(b->store().usage().objects, loaded.responses);
  expect_at_rest(b->store());
  // All there but the end block: what is missing could be anything.
  save();
  ASSERT_EQ(ftruncate(file_.get(), size() - static_cast<off_t>(block_head_bytes + 16)), 0);
  EXPECT_NE(load().damage, "");
}

TEST_F(SnapshotTest, a_damaged_file_gives_what_is_before_the_damage) {
  {
    auto a = worker(0);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 10'000));
    save();
  }
  change_byte(size() / 2);
  auto b = other();
  Loaded loaded = load();
  EXPECT_NE(loaded.damage.find("damaged"), std::string::npos);
  EXPECT_GE(loaded.responses, 8u);
  EXPECT_EQ(b->store().usage().objects, loaded.responses);
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_TRUE(!b->has(key) || b->proves(key, 10'000));
  }
  expect_at_rest(b->store());
  change_byte(size() / 2);
  ASSERT_EQ(pwrite(file_.get(), "x", 1, size()), 1);
  EXPECT_NE(load().damage, "") << "bytes behind the end";
}

TEST_F(SnapshotTest, an_end_that_counts_more_than_there_is_tells_a_damage) {
  for (const SnapshotEnd& end : {SnapshotEnd{1, 0}, SnapshotEnd{0, 1}, SnapshotEnd{0, 0}}) {
    std::string text;
    write_start(text);
    write_block(text, 0, BlockKind::end, payload_of(end));
    ASSERT_EQ(ftruncate(file_.get(), 0), 0);
    ASSERT_EQ(pwrite(file_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    EXPECT_EQ(load().damage.empty(), end.responses + end.content_bytes == 0);
  }
}

TEST_F(SnapshotTest, another_file_is_refused) {
  ASSERT_EQ(pwrite(file_.get(), "#!/bin/sh\nexit 0\n", 17, 0), 17);
  EXPECT_NE(load_error().find("no snapshot"), std::string::npos);
  ASSERT_EQ(ftruncate(file_.get(), 0), 0);
  EXPECT_NE(load_error().find("no snapshot"), std::string::npos);
}

TEST_F(SnapshotTest, what_cannot_be_written_fails) {
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 100));
  base::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Store store = keeper();
  auto saved = save_snapshot(store, full.get(), progress_);
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().what.find("No space left"), std::string::npos);
}

TEST_F(SnapshotTest, both_end_early_when_told) {
  auto a = worker(0);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 10'000));
  save();
  progress_.stop = true;
  Store store = keeper();
  auto saved = save_snapshot(store, file_.get(), progress_);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().what, "stopped");
  rewind();
  a->store().purge(of_all());
  auto loaded = load_snapshot(store, file_.get(), {}, progress_);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->stopped);
  EXPECT_EQ(loaded->responses, 0u);
}

}  // namespace
}  // namespace ringwall::cache::test
