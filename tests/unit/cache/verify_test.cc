// verify must see damage, or all tests that rely on it mean nothing.
#include "cache/index.h"
#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class VerifyTest : public CacheTest {
 protected:
  void SetUp() override {
    open(1 * MiB);
    worker_ = worker(0);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(worker_->put("k" + std::to_string(i), 70'000));
    auto process = Process::attach(segment_.get(), 1, doorbells_);
    ASSERT_TRUE(process);
    process_ = std::move(*process);
    ASSERT_EQ(breaches(worker_->store()), "");
  }
  Entry& entry(const std::string& key) {
    const uint32_t hash = hash_key(process_->super(), key);
    const Ref ref =
        find_in_chain(*process_, process_->bucket(process_->bucket_of(hash)), hash, key);
    return process_->entry(ref);
  }
  bool finds(const std::string& words) {
    const std::string all = breaches(worker_->store());
    return all.find(words) != std::string::npos;
  }

  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Process> process_;
};

TEST_F(VerifyTest, sees_a_unit_without_an_owner) {
  extension(entry("k1")).first.store(0);
  EXPECT_TRUE(finds("used without an owner"));
}

TEST_F(VerifyTest, sees_a_unit_with_two_owners) {
  extension(entry("k1")).first.store(extension(entry("k2")).first.load());
  EXPECT_TRUE(finds("that another owns"));
}

TEST_F(VerifyTest, sees_a_broken_list) {
  Entry& damaged = entry("k3");
  damaged.node.previous = damaged.node.next;
  EXPECT_TRUE(finds("do not agree"));
}

TEST_F(VerifyTest, sees_an_entry_lost_from_its_chain) {
  const uint32_t hash = hash_key(process_->super(), "k2");
  process_->bucket(process_->bucket_of(hash)) = 0;
  EXPECT_TRUE(finds("wrong sums"));
}

TEST_F(VerifyTest, sees_a_changed_key) {
  ++const_cast<char&>(key_of(entry("k2"))[0]);
  EXPECT_TRUE(finds("not its key's"));
}

TEST_F(VerifyTest, sees_a_wrong_map_of_a_page) {
  process_->page(0).used[3] ^= 1;
  EXPECT_TRUE(finds("free units"));
}

TEST_F(VerifyTest, sees_pages_that_are_not_what_they_say) {
  Superblock& super = process_->super();
  super.active_pages.store(super.page_count - 1);
  EXPECT_TRUE(finds("page 15 is not inactive"));
  super.active_pages.store(super.page_count);
  super.pages[2].state.store(PageState::closed);
  EXPECT_TRUE(finds("page 2 is not open"));
  super.open_pages.store(0);
  EXPECT_TRUE(finds("page 2 is linked wrongly"));
  super.pages[2].state.store(PageState::unsettled);
  EXPECT_TRUE(finds("page 2: 1024 units are used without an owner or owned but free"));
}

TEST_F(VerifyTest, sees_a_pin_of_a_slot_that_is_free) {
  entry("k2").pins[0].fetch_or(uint64_t{1} << 40);
  EXPECT_TRUE(finds("pinned by slot 40, which is free"));
}

TEST_F(VerifyTest, sees_a_wrong_count_of_sharers) {
  Found found = worker_->find("k1", never);
  ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed"));
  found = {Busy::lock, {}, {}, false};
  ASSERT_EQ(breaches(worker_->store()), "");
  const Ref body = unpack(extension(entry("k1")).body.load()).unit;
  ++process_->entry(body).sharers;
  EXPECT_TRUE(finds("counts 2 of 1 sharers"));
  process_->entry(body).sharers = 1;
  process_->entry(body).content_length.fetch_add(1);
  EXPECT_TRUE(finds("not the length of its body"));
}

TEST_F(VerifyTest, sees_a_body_of_another_key) {
  Found found = worker_->find("k1", never);
  ASSERT_TRUE(std::get<Fill>(found.way).renew(*found.stored, {}, "renewed"));
  extension(entry("k1")).body.store(pack({process_->ref(&entry("k2")), 0}));
  EXPECT_TRUE(finds("shares the content of another key"));
}

TEST_F(VerifyTest, sees_purges_that_are_counted_wrongly_or_applied_too_early) {
  worker_->store().purge(by_tag(77));
  process_->purges().pending.fetch_add(1);
  EXPECT_TRUE(finds("1 purges are pending, 1 of them by tag, not 2 and 1"));
  entry("k2").checked += 5;
  EXPECT_TRUE(finds("was checked too far"));
}

TEST_F(VerifyTest, sees_a_boundary_out_of_its_bounds) {
  Boundary& boundary = process_->shard(0).boundary;
  boundary.share = share_max + 1;
  EXPECT_TRUE(finds("shard 0 has a boundary at"));
  boundary.share = share_min;
  EXPECT_FALSE(finds("boundary"));
  boundary.lost = {process_->shard_units(), 1};
  EXPECT_TRUE(finds("shard 0 has lost"));
}

TEST_F(VerifyTest, sees_a_ghost_without_a_name) {
  process_->super().ghosts[7].store(5);
  EXPECT_TRUE(finds("shard 0 has 1 ghosts without a name"));
}

TEST_F(VerifyTest, survives_references_that_lead_nowhere) {
  entry("k1").chain = 0x7fffffff;
  extension(entry("k4")).body.store(pack({0x7fffffff, 0}));
  extension(entry("k2")).table.store(pack({0x7fffffff, 3}));
  entry("k3").node.next = 5;
  EXPECT_NE(breaches(worker_->store()), "");
}

TEST_F(VerifyTest, comes_to_an_end_in_circles) {
  alarm(30);  // or the program does
  Entry& chained = entry("k1");
  const Ref chain = std::exchange(chained.chain, process_->ref(&chained));
  EXPECT_TRUE(finds("out of the arena or in a circle"));
  chained.chain = chain;
  Entry& listed = entry("k2");
  const Ref next = std::exchange(listed.node.next, process_->ref(&listed));
  EXPECT_TRUE(finds("out of the arena or in a circle"));
  listed.node.next = next;
  const auto table = unpack(extension(entry("k3")).table.load());
  ASSERT_TRUE(table);
  auto& piece = *process_->at<Piece>(table.unit);
  piece.next.store(pack(table));
  EXPECT_TRUE(finds("that another owns"));
  piece.next.store(0);
  ASSERT_EQ(breaches(worker_->store()), "");
  Entry& own_body = entry("k4");
  extension(own_body).body.store(pack({process_->ref(&own_body), own_body.own_units}));
  EXPECT_NE(breaches(worker_->store()), "");
  alarm(0);
}

}  // namespace
}  // namespace ringwall::cache::test
