// Changes of size while the cache serves: what is lost, what is kept, and whose memory it is.
#include <thread>
#include <tuple>

#include "tests/unit/cache/resize_fixture.h"

namespace ringwall::cache::test {
namespace {

TEST_F(ResizeTest, memory_is_taken_for_the_size_and_not_for_the_largest_one) {
  open_sizes(8 * MiB, 64 * MiB);
  EXPECT_EQ(memory(), 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 1000);
  EXPECT_EQ(breaches(*watcher_), "");
  EXPECT_EQ(memory(), 8 * MiB);
  const Usage usage = watcher_->usage();
  EXPECT_EQ(usage.arena_bytes, 8 * MiB);
  EXPECT_EQ(usage.arena_bytes_max, 64 * MiB);
  EXPECT_EQ(usage.reserved_bytes, 8 * MiB);
  EXPECT_EQ(usage.resizing, Usage::Resizing::no);
}

TEST_F(ResizeTest, a_cache_that_grows_loses_nothing_and_holds_more) {
  open_sizes(4 * MiB, 32 * MiB);
  auto a = worker(0);
  put(*a, 0, 500);
  const uint64_t before = stored(*a, 0, 500);
  const uint64_t evictions = a->store().counters().evictions;
  ASSERT_TRUE(watcher_->set_size(32 * MiB));
  EXPECT_EQ(watcher_->usage().resizing, Usage::Resizing::growing);
  EXPECT_EQ(memory(), 4 * MiB);
  ASSERT_TRUE(resize(32 * MiB));
  EXPECT_EQ(memory(), 32 * MiB);
  EXPECT_EQ(watcher_->usage().reserved_bytes, 32 * MiB);
  EXPECT_EQ(watcher_->usage().resizing, Usage::Resizing::no);
  EXPECT_EQ(progress_.objects, 0u);
  EXPECT_EQ(stored(*a, 0, 500), before);
  put(*a, 500, 1500);
  EXPECT_EQ(stored(*a, 500, 1500), 1000u);
  EXPECT_EQ(a->store().counters().evictions, evictions);
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, a_full_cache_that_shrinks_gives_memory_back_and_keeps_the_rest) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 1000);
  const uint64_t before = stored(*a, 0, 1000);
  const uint64_t bytes = watcher_->usage().content_bytes;
  ASSERT_TRUE(resize(6 * MiB));
  EXPECT_EQ(memory(), 6 * MiB);
  EXPECT_EQ(watcher_->usage().arena_bytes, 6 * MiB);
  EXPECT_EQ(watcher_->usage().reserved_bytes, 6 * MiB);
  const uint64_t kept = stored(*a, 0, 1000);
  EXPECT_GT(kept, before / 2);
  EXPECT_EQ(progress_.objects, before - kept);
  EXPECT_EQ(progress_.bytes, bytes - watcher_->usage().content_bytes);
  EXPECT_EQ(breaches(*watcher_), "");
  put(*a, 1000, 1500);
  EXPECT_LE(watcher_->usage().used_bytes, 6 * MiB);
  EXPECT_EQ(memory(), 6 * MiB);
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, a_cache_that_was_not_full_loses_nothing_by_shrinking_to_what_it_uses) {
  open_sizes(32 * MiB, 32 * MiB);
  auto a = worker(0);
  put(*a, 0, 400);
  ASSERT_LT(watcher_->usage().used_bytes, 7 * MiB);
  ASSERT_TRUE(resize(8 * MiB));
  EXPECT_EQ(progress_.objects, 0u);
  EXPECT_EQ(stored(*a, 0, 400), 400u);
  EXPECT_EQ(memory(), 8 * MiB);
}

TEST_F(ResizeTest, what_is_being_read_keeps_its_memory_until_it_was_read) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 400);
  std::map<int, Hit> hits;
  for (int i = 0; i < 400; ++i) {
    if (auto hit = a->hit(key(i))) hits.emplace(i, std::move(*hit));
  }
  EXPECT_FALSE(resize(2 * MiB));
  EXPECT_EQ(watcher_->usage().resizing, Usage::Resizing::shrinking);
  EXPECT_GT(watcher_->usage().limbo, 0u);
  EXPECT_EQ(progress_.objects, hits.size() - watcher_->usage().objects);
  EXPECT_EQ(breaches(*watcher_), "");
  for (const auto& [i, hit] : hits) {
    EXPECT_EQ(read_content(hit, 0, size_of(i)), content_of(key(i), size_of(i))) << i;
  }
  EXPECT_EQ(step(), Resized::more);
  hits.clear();
  EXPECT_TRUE(resize(2 * MiB));
  EXPECT_EQ(memory(), 2 * MiB);
  EXPECT_EQ(stored(*a, 0, 400), watcher_->usage().objects);
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, pages_leave_while_one_that_is_read_stays) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 300);
  ASSERT_TRUE(a->put("last", 60'000));
  auto hit = a->hit("last");
  ASSERT_TRUE(hit);
  EXPECT_FALSE(resize(1 * MiB));
  EXPECT_GT(memory(), 1 * MiB);
  EXPECT_LE(memory(), 1 * MiB + 2 * page_bytes);
  EXPECT_EQ(watcher_->usage().reserved_bytes, memory());
  EXPECT_FALSE(a->has("last"));
  EXPECT_EQ(read_content(*hit, 0, 60'000), content_of("last", 60'000));
  EXPECT_EQ(breaches(*watcher_), "");
  hit.reset();
  EXPECT_TRUE(resize(1 * MiB));
  EXPECT_EQ(memory(), 1 * MiB);
}

TEST_F(ResizeTest, a_fill_under_way_goes_on_and_is_taken_out_when_it_is_done) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  auto b = worker(1);
  put(*a, 0, 300);
  auto fill = a->permit("slow");
  ASSERT_TRUE(fill && fill->begin_head(facts_for(200'000), head_for("slow"), std::nullopt));
  const std::string content = content_of("slow", 200'000);
  ASSERT_TRUE(fill->append(std::string_view(content).substr(0, 100'000)));
  auto follow = b->follow("slow");
  ASSERT_TRUE(follow);
  EXPECT_FALSE(resize(2 * MiB));
  EXPECT_EQ(breaches(*watcher_), "");
  ASSERT_TRUE(fill->append(std::string_view(content).substr(100'000)));
  fill->finish();
  fill.reset();
  EXPECT_EQ(follow->state(), Follow::State::complete);
  EXPECT_TRUE(b->proves("slow", 200'000));
  EXPECT_FALSE(resize(2 * MiB));
  EXPECT_FALSE(b->has("slow"));
  EXPECT_EQ(read_content(*follow, 0, 200'000), content);
  follow.reset();
  EXPECT_TRUE(resize(2 * MiB));
  EXPECT_EQ(memory(), 2 * MiB);
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, a_renewed_response_goes_with_the_content_it_shares) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 300);
  ASSERT_TRUE(a->put("shared", 60'000));
  for (int i = 0; i < 200; ++i) a->store().purge(by_key(key(i)));
  // Until what it has of its own lies far below the content.
  uint32_t own = 0, content = 0;
  for (int n = 0; n < 200 && (n == 0 || own >= content); ++n) {
    ASSERT_TRUE(a->put("small" + std::to_string(n), 200));
    {
      Found found = a->find("shared", never);
      auto* fill = std::get_if<Fill>(&found.way);
      ASSERT_TRUE(fill && fill->renew(*found.stored, found.stored->facts(), "renewed"));
    }
    std::tie(own, content) = pages_of("shared");
  }
  ASSERT_LT(own, content);
  ASSERT_GE(content, 16u);
  ASSERT_TRUE(resize(content * page_bytes));
  EXPECT_FALSE(a->has("shared"));
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, to_the_least_size_and_back_is_no_harm) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  for (int round = 0; round < 2; ++round) {
    put(*a, 0, 700);
    ASSERT_TRUE(resize(1 * MiB));
    EXPECT_EQ(memory(), 1 * MiB);
    EXPECT_EQ(stored(*a, 0, 700), watcher_->usage().objects);
    ASSERT_TRUE(resize(8 * MiB));
    EXPECT_EQ(memory(), 8 * MiB);
    EXPECT_EQ(breaches(*watcher_), "");
    EXPECT_EQ(stored(*a, 0, 700), watcher_->usage().objects);
    for (int i = 0; i < 700; ++i) a->store().purge(by_key(key(i)));
  }
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, growing_again_before_all_has_left_keeps_what_is_still_there) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 300);
  ASSERT_TRUE(a->put("last", 60'000));
  auto hit = a->hit("last");
  EXPECT_FALSE(resize(1 * MiB));
  EXPECT_TRUE(resize(6 * MiB));
  EXPECT_EQ(memory(), 6 * MiB);
  EXPECT_EQ(breaches(*watcher_), "");
  EXPECT_EQ(read_content(*hit, 0, 60'000), content_of("last", 60'000));
  put(*a, 300, 500);
  EXPECT_EQ(stored(*a, 300, 500), 200u);
  hit.reset();
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, a_change_in_the_middle_of_a_change_is_followed_at_once) {
  open_sizes(8 * MiB, 64 * MiB);
  auto a = worker(0);
  put(*a, 0, 500);
  ASSERT_TRUE(watcher_->set_size(64 * MiB));
  for (int i = 0; i < 4; ++i) ASSERT_EQ(step(), Resized::more);
  EXPECT_GT(memory(), 16 * MiB);
  EXPECT_LT(memory(), 64 * MiB);
  ASSERT_TRUE(resize(4 * MiB));
  EXPECT_EQ(memory(), 4 * MiB);
  EXPECT_EQ(breaches(*watcher_), "");
  ASSERT_TRUE(resize(64 * MiB));
  ASSERT_TRUE(watcher_->set_size(8 * MiB));
  for (int i = 0; i < 2; ++i) ASSERT_EQ(step(), Resized::more);
  EXPECT_EQ(breaches(*watcher_), "");
  ASSERT_TRUE(resize(32 * MiB));
  EXPECT_EQ(memory(), 32 * MiB);
  expect_nothing_lost(*watcher_);
}

TEST_F(ResizeTest, sizes_that_cannot_be_are_refused) {
  open_sizes(4 * MiB, 8 * MiB);
  EXPECT_FALSE(watcher_->set_size(8 * MiB + 1));
  EXPECT_FALSE(watcher_->set_size(1 * MiB - 1));
  EXPECT_EQ(watcher_->usage().arena_bytes, 4 * MiB);
  EXPECT_TRUE(watcher_->set_size(8 * MiB));
  SegmentOptions options;
  options.size = 4 * MiB;
  options.size_max = 2 * MiB;
  EXPECT_EQ(create_segment(options).error().what, "cache.size_max must be at least cache.size");
}

TEST_F(ResizeTest, what_is_larger_than_half_of_the_new_size_is_not_stored) {
  open_sizes(8 * MiB, 8 * MiB);
  auto a = worker(0);
  ASSERT_TRUE(a->put("large", 3 * MiB));
  ASSERT_TRUE(resize(4 * MiB));
  EXPECT_FALSE(a->put("other", 3 * MiB));
  EXPECT_TRUE(a->put("small", 1 * MiB));
}

TEST_F(ResizeTest, while_one_process_changes_the_size_others_wait) {
  open_sizes(4 * MiB, 8 * MiB);
  ASSERT_TRUE(watcher_->set_size(8 * MiB));
  std::thread([this] {
    const TryHold hold(mapping_->super->resizing);
    ASSERT_TRUE(hold);
    std::thread([this] { EXPECT_EQ(step(), Resized::waiting); }).join();
  }).join();
  EXPECT_EQ(memory(), 4 * MiB);
  EXPECT_TRUE(resize(8 * MiB));
}

TEST_F(ResizeTest, where_there_is_no_memory_what_is_there_serves_on) {
  open_sizes(4 * MiB, 8 * MiB);
  auto a = worker(0);
  put(*a, 0, 100);
  Superblock& super = *mapping_->super;
  ASSERT_TRUE(watcher_->set_size(8 * MiB));
  {
    const TryHold hold(super.resizing);
    // What cannot be reserved: a pipe.
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(pipe(pipe_fds.data()), 0);
    const base::UniqueFd reading(pipe_fds[0]), writing(pipe_fds[1]);
    const auto opened = open_pages(writing.get(), *mapping_, super.target_pages.load(), 64);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().what.find("cannot reserve 4 MiB of memory"), std::string::npos);
  }
  EXPECT_EQ(watcher_->usage().reserved_bytes, 4 * MiB);
  EXPECT_EQ(breaches(*watcher_), "");
  EXPECT_EQ(stored(*a, 0, 100), 100u);
  ASSERT_TRUE(resize(8 * MiB));
  EXPECT_EQ(memory(), 8 * MiB);
  expect_nothing_lost(*watcher_);
}

}  // namespace
}  // namespace ringwall::cache::test
