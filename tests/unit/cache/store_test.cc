#include "cache/store.h"

#include "cache/index.h"
#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class StoreTest : public CacheTest {};

TEST_F(StoreTest, a_stored_response_is_found_byte_for_byte) {
  open();
  auto w = worker(0);
  for (const size_t size :
       {0, 1, 63, 64, 1024, 16'000, 16'384, 65'536, 70'000, 1'000'000, 3'000'000}) {
    const std::string key = "http://a.example/" + std::to_string(size);
    EXPECT_TRUE(w->put(key, size)) << size;
    EXPECT_TRUE(w->proves(key, size)) << size;
    EXPECT_TRUE(w->put(key + "?unknown", size, false)) << size;
    EXPECT_TRUE(w->proves(key + "?unknown", size)) << size;
    EXPECT_EQ(breaches(w->store()), "");
  }
  expect_nothing_lost(w->store());
}

TEST_F(StoreTest, content_can_be_read_from_any_offset) {
  open();
  auto w = worker(0);
  ASSERT_TRUE(w->put("k", 300'000, false));
  const std::string all = content_of("k", 300'000);
  auto hit = w->hit("k");
  ASSERT_TRUE(hit);
  for (const uint64_t offset : {0, 1, 65'535, 65'536, 131'072, 299'999, 300'000, 400'000}) {
    EXPECT_EQ(read_content(*hit, offset, 70'000),
              offset >= all.size() ? "" : all.substr(offset, 70'000));
  }
}

TEST_F(StoreTest, a_small_object_is_one_span_with_its_head) {
  open();
  auto w = worker(0);
  ASSERT_TRUE(w->put("k", 10'000));
  auto hit = w->hit("k");
  std::array<iovec, 2> pieces{};
  ASSERT_EQ(hit->content(0, 10'000, pieces), 1u);
  EXPECT_EQ(pieces[0].iov_len, 10'000u);
  EXPECT_EQ(static_cast<const char*>(pieces[0].iov_base), hit->head().data() + hit->head().size());
}

TEST_F(StoreTest, a_second_request_follows_the_fill_of_the_first) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  auto follow = b->follow("k");
  ASSERT_TRUE(follow);
  EXPECT_EQ(follow->state(), Follow::State::waiting);
  ASSERT_TRUE(fill->begin_head({}, "head", std::nullopt));
  EXPECT_EQ(follow->state(), Follow::State::filling);
  EXPECT_EQ(follow->head(), "head");
  EXPECT_EQ(follow->content_length(), std::nullopt);
  ASSERT_TRUE(fill->append("first "));
  EXPECT_EQ(read_content(*follow, 0, 100), "first ");
  ASSERT_TRUE(fill->append("second"));
  fill->finish();
  EXPECT_EQ(follow->state(), Follow::State::complete);
  EXPECT_EQ(follow->content_length(), 12u);
  EXPECT_EQ(read_content(*follow, 6, 100), "second");
  EXPECT_TRUE(b->hit("k"));
}

TEST_F(StoreTest, a_dropped_permit_is_taken_over_by_one_follower) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto c = worker(2);
  auto fill = a->permit("k");
  auto follow_b = b->follow("k");
  auto follow_c = c->follow("k");
  fill.reset();
  EXPECT_EQ(follow_b->state(), Follow::State::abandoned);
  EXPECT_EQ(follow_c->state(), Follow::State::abandoned);
  auto second = b->permit("k");
  EXPECT_TRUE(c->follow("k"));
  second.reset();
  follow_b.reset();
  follow_c.reset();
  expect_nothing_lost(a->store());
}

TEST_F(StoreTest, an_entry_that_is_not_usable_is_replaced_when_the_fill_finishes) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  ASSERT_TRUE(a->put("k", 100));
  auto fill = a->permit("k", never);
  EXPECT_TRUE(b->hit("k")) << "the old entry is there until it is replaced";
  ASSERT_TRUE(fill->begin_head({}, "new", 3));
  ASSERT_TRUE(fill->append("abc"));
  fill->finish();
  EXPECT_EQ(b->hit("k")->head(), "new");
  fill.reset();
  EXPECT_EQ(a->store().usage().objects, 1u);
  expect_nothing_lost(a->store());
}

TEST_F(StoreTest, a_failed_replacement_leaves_the_old_entry) {
  open();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 100));
  auto fill = a->permit("k", never);
  ASSERT_TRUE(fill->begin_head({}, "new", 3));
  fill.reset();
  EXPECT_TRUE(a->proves("k", 100));
}

TEST_F(StoreTest, an_uncacheable_response_is_remembered_for_its_time) {
  open();
  auto a = worker(0);
  auto b = worker(1);
  auto fill = a->permit("k");
  auto follow = b->follow("k");
  fill->uncacheable(60);
  fill.reset();
  EXPECT_EQ(follow->state(), Follow::State::uncacheable);
  follow.reset();
  EXPECT_EQ(b->busy("k"), Busy::marked);
  EXPECT_EQ(a->store().usage().markers, 1u);
  EXPECT_EQ(breaches(a->store()), "");
  b->now += 59;
  EXPECT_EQ(b->busy("k"), Busy::marked);
  b->now += 10;
  ASSERT_TRUE(b->put("k", 10));
  EXPECT_TRUE(b->proves("k", 10));
  EXPECT_EQ(a->store().usage().markers, 0u);
  expect_nothing_lost(a->store());
}

TEST_F(StoreTest, uncacheable_without_a_time_leaves_nothing) {
  open();
  auto a = worker(0);
  auto fill = a->permit("k");
  fill->uncacheable(0);
  fill.reset();
  EXPECT_EQ(a->store().usage().used_bytes, 0u);
  EXPECT_TRUE(a->permit("k"));
}

TEST_F(StoreTest, the_request_that_leads_can_follow_its_own_fill) {
  open();
  auto a = worker(0);
  auto fill = a->permit("k");
  ASSERT_TRUE(fill->begin_head({}, "h", 4));
  auto follow = std::make_optional(fill->follow());
  ASSERT_TRUE(fill->append("ab"));
  EXPECT_EQ(read_content(*follow, 0, 9), "ab");
  EXPECT_TRUE(follow->arm(Follow::State::filling, 2));
  ASSERT_TRUE(fill->append("cd"));
  EXPECT_TRUE(rung(0));
  EXPECT_EQ(follow->state(), Follow::State::complete) << "all content is there before finish()";
  fill->finish();
  fill.reset();
  EXPECT_EQ(read_content(*follow, 0, 9), "abcd");
  follow.reset();
  expect_nothing_lost(a->store());
}

TEST_F(StoreTest, a_worker_fills_a_bounded_number_of_keys_at_once) {
  open(32 * MiB);
  auto a = worker(0);
  std::vector<Fill> fills;
  std::optional<Busy> busy;
  for (int i = 0; i < 5000 && !busy; ++i) {
    Found found = a->find("k" + std::to_string(i));
    if (auto* fill = std::get_if<Fill>(&found.way)) fills.push_back(std::move(*fill));
    if (auto* why = std::get_if<Busy>(&found.way)) busy = *why;
  }
  EXPECT_EQ(busy, Busy::tickets);
  EXPECT_EQ(a->store().usage().filling, fills.size());
  fills.clear();
  EXPECT_TRUE(a->put("again", 10));
  expect_nothing_lost(a->store());
}

TEST_F(StoreTest, counters_tell_what_happened_and_outlive_the_worker) {
  open();
  auto a = worker(0);
  ASSERT_TRUE(a->put("k", 10));
  a->hit("k");
  a->hit("k");
  { auto dropped = a->permit("other"); }
  const Counters before = a->store().counters();
  EXPECT_EQ(before.hits, 2u);
  EXPECT_EQ(before.misses, 2u);
  EXPECT_EQ(before.fills, 2u);
  EXPECT_EQ(before.stored, 1u);
  EXPECT_EQ(before.abandoned, 1u);
  a.reset();
  a = worker(0);
  a->hit("k");
  EXPECT_EQ(a->store().counters().hits, 3u);
}

TEST_F(StoreTest, a_slot_in_use_is_refused) {
  open();
  auto a = worker(3);
  auto second = Store::attach(segment_.get(), 3, doorbells_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, "cache slot 3 is in use");
  EXPECT_FALSE(observer().recover(3)) << "the living are not recovered";
  a.reset();
  EXPECT_TRUE(Store::attach(segment_.get(), 3, doorbells_));
}

TEST_F(StoreTest, a_store_that_goes_before_its_handles_gives_up_what_they_hold) {
  open();
  auto watcher = observer();
  {
    auto a = worker(0);
    auto b = worker(1);
    ASSERT_TRUE(a->put("k", 10));
    // Handles of a process that ends without unwinding: leaked on purpose, never used again.
    static std::array<std::byte, sizeof(Hit)> hit_room;
    static std::array<std::byte, sizeof(Fill)> fill_room;
    new (hit_room.data()) Hit(*a->hit("k"));
    new (fill_room.data()) Fill(*a->permit("other"));
  }
  expect_nothing_lost(watcher);
}

TEST_F(StoreTest, walking_lists_live_entries_and_can_stop) {
  open();
  auto a = worker(0);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(a->put("k" + std::to_string(i), 100));
  auto open_fill = a->permit("filling");
  std::vector<std::string> keys;
  a->store().walk(
      [](const Store::Listed& entry, void* context) {
        static_cast<std::vector<std::string>*>(context)->emplace_back(entry.key);
        return true;
      },
      &keys);
  EXPECT_EQ(keys.size(), 10u);
  int seen = 0;
  a->store().walk(
      [](const Store::Listed&, void* context) { return ++*static_cast<int*>(context) < 3; }, &seen);
  EXPECT_EQ(seen, 3);
}

// A lock that is let go while a lookup judges for the last time, before it gives its permit.
pthread_mutex_t* held = nullptr;
int judged = 0;
Use let_go_at_last(const Candidate&, const void*) {
  if (++judged == 3) pthread_mutex_unlock(held);
  return Use::replace;
}

TEST_F(StoreTest, an_end_that_was_owed_does_not_mix_up_the_tickets_of_others) {
  open(64 * MiB);
  auto w = worker(0);
  auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
  ASSERT_TRUE(process);
  const auto shard_of = [&](const std::string& key) {
    return (*process)->shard_index(hash_key((*process)->super(), key));
  };
  std::string other = "other";
  while (shard_of(other) == shard_of("owed")) other += "!";
  ASSERT_TRUE(w->put(other, 100));
  auto owed = w->permit("owed");
  ASSERT_TRUE(owed->begin_head(facts_for(10), head_for("owed"), 10));
  ASSERT_TRUE(owed->append(content_of("owed", 10)));
  held = &(*process)->shard(shard_of("owed")).lock.mutex;
  pthread_mutex_lock(held);
  owed->finish();
  owed.reset();
  judged = 0;
  auto fill = w->permit(other, let_go_at_last);
  ASSERT_EQ(judged, 3);
  ASSERT_TRUE(fill->begin_head(facts_for(10), head_for(other), 10));
  auto third = w->permit("third");
  ASSERT_TRUE(third->begin_head(facts_for(10), head_for("third"), 10));
  EXPECT_EQ(breaches(w->store()), "");
  ASSERT_TRUE(third->append(content_of("third", 10)));
  third->finish();
  ASSERT_TRUE(fill->append(content_of(other, 10)));
  fill->finish();
  EXPECT_TRUE(w->proves(other, 10));
  EXPECT_TRUE(w->proves("third", 10));
  EXPECT_TRUE(w->proves("owed", 10));
}

}  // namespace
}  // namespace ringwall::cache::test
