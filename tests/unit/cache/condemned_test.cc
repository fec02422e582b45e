// A condemned segment serves nobody: neither what is stored nor what is under way, in no process.
#include "cache/process.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class CondemnedTest : public CacheTest {
 protected:
  void SetUp() override {
    open();
    worker_ = worker(0);
    other_ = worker(1);
    watcher_.emplace(observer());
    ASSERT_TRUE(worker_->put("stored", 1000));
  }
  void TearDown() override {
    for (Lock* lock : held_) pthread_mutex_unlock(&lock->mutex);
  }
  /// All that a lock of the segment could guard is out of reach from here on.
  void hold_all_locks() {
    auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
    ASSERT_TRUE(process);
    holder_ = std::move(*process);
    const Superblock& super = holder_->super();
    for (uint32_t i = 0; i < super.shard_count; ++i) held_.push_back(&holder_->shard(i).lock);
    for (uint32_t i = 0; i < super.arena_count; ++i) held_.push_back(&holder_->arena(i).lock);
    held_.push_back(&holder_->purges().lock);
    for (Lock* lock : held_) pthread_mutex_lock(&lock->mutex);
  }

  std::unique_ptr<Worker> worker_, other_;
  std::optional<Store> watcher_;
  std::unique_ptr<Process> holder_;
  std::vector<Lock*> held_;
};

TEST_F(CondemnedTest, finds_and_permits_nothing_in_any_process) {
  EXPECT_FALSE(worker_->store().condemned());
  watcher_->condemn();
  EXPECT_TRUE(worker_->store().condemned());
  EXPECT_EQ(worker_->busy("stored"), Busy::condemned);
  EXPECT_EQ(other_->busy("new"), Busy::condemned);
  EXPECT_FALSE(other_->has("stored"));
  EXPECT_EQ(worker_->store().counters().busy, 2u);
  auto late = worker(2);
  EXPECT_EQ(late->busy("stored"), Busy::condemned);
}

TEST_F(CondemnedTest, what_is_being_sent_stays) {
  auto hit = worker_->hit("stored");
  ASSERT_TRUE(hit);
  watcher_->condemn();
  hold_all_locks();
  EXPECT_EQ(read_content(*hit, 0, 1000), content_of("stored", 1000));
  hit.reset();
  worker_.reset();
}

TEST_F(CondemnedTest, what_ends_follows_no_link) {
  auto hit = worker_->hit("stored");
  ASSERT_TRUE(hit);
  worker_->store().purge(by_key("stored"));
  auto process = Process::attach(segment_.get(), std::nullopt, doorbells_);
  ASSERT_TRUE(process);
  watcher_->condemn();
  for (uint32_t i = 0; i < (*process)->super().shard_count; ++i) {
    (*process)->shard(i).limbo.node = {0x7fffffff, 0x7fffffff};
  }
  EXPECT_EQ(watcher_->usage().limbo, 1u);
  hit.reset();
  EXPECT_EQ(watcher_->usage().limbo, 1u) << "it was to stay where it is";
}

TEST_F(CondemnedTest, a_fill_under_way_goes_on_for_those_who_follow_and_is_not_stored) {
  auto fill = worker_->permit("k");
  ASSERT_TRUE(fill->begin_head(facts_for(500), head_for("k"), 500));
  auto follow = other_->follow("k");
  ASSERT_TRUE(follow);
  const std::string content = content_of("k", 500);
  ASSERT_TRUE(fill->append(content.substr(0, 100)));
  watcher_->condemn();
  hold_all_locks();
  EXPECT_EQ(follow->state(), Follow::State::filling);
  ASSERT_TRUE(follow->arm(Follow::State::filling, 100));
  ASSERT_TRUE(fill->append(content.substr(100)));
  fill->finish();
  EXPECT_FALSE(fill->storable());
  EXPECT_EQ(follow->state(), Follow::State::complete);
  EXPECT_EQ(read_content(*follow, 0, 500), content);
}

TEST_F(CondemnedTest, a_fill_that_needs_more_room_ends) {
  auto fill = worker_->permit("k");
  ASSERT_TRUE(fill->begin_head(facts_for(0), head_for("k"), std::nullopt));
  auto follow = other_->follow("k");
  ASSERT_TRUE(follow);
  watcher_->condemn();
  const std::string content = content_of("k", 1 * MiB);
  EXPECT_FALSE(fill->append(content));
  EXPECT_EQ(follow->state(), Follow::State::abandoned);
}

TEST_F(CondemnedTest, who_waits_for_a_head_waits_no_longer) {
  auto fill = worker_->permit("k");
  auto follow = other_->follow("k");
  ASSERT_TRUE(follow);
  ASSERT_TRUE(follow->arm(Follow::State::waiting, 0));
  watcher_->condemn();
  EXPECT_TRUE(rung(1));
  EXPECT_EQ(follow->state(), Follow::State::abandoned);
  EXPECT_FALSE(fill->begin_head(facts_for(1), head_for("k"), 1));
}

TEST_F(CondemnedTest, a_filler_that_dies_leaves_nobody_waiting) {
  const pid_t filler = fork_worker([&] {
    auto own = worker(5);
    auto fill = own->permit("k");
    if (!fill || !fill->begin_head(facts_for(500), head_for("k"), 500)) _exit(1);
    uint64_t one = 1;
    if (write(doorbells_[5], &one, sizeof(one)) < 0) _exit(1);
    pause();
  });
  ASSERT_TRUE(rung(5));
  auto follow = other_->follow("k");
  ASSERT_TRUE(follow);
  watcher_->condemn();
  EXPECT_EQ(follow->state(), Follow::State::filling);
  kill(filler, SIGKILL);
  wait_for(filler);
  EXPECT_EQ(follow->state(), Follow::State::abandoned);
}

TEST_F(CondemnedTest, a_purge_is_complete_until_another_segment_has_taken_over) {
  watcher_->condemn();
  hold_all_locks();
  for (const Purge& purge : {by_key("stored"), by_prefix("st"), of_all()}) {
    EXPECT_TRUE(worker_->store().purge(purge).complete);
    EXPECT_EQ(worker_->store().purge(purge).objects, 0u);
  }
  watcher_->supersede();
  watcher_->condemn();
  EXPECT_FALSE(worker_->store().purge(by_key("stored")).complete);
  EXPECT_EQ(watcher_->sweep().objects, 0u);
  EXPECT_TRUE(watcher_->recover(7));
}

TEST_F(CondemnedTest, its_numbers_go_on_in_the_next) {
  const Counters former = watcher_->counters();
  EXPECT_EQ(former.stored, 1u);
  auto fd = create_segment({.size = 1 * MiB});
  ASSERT_TRUE(fd);
  auto next = Store::attach(fd->get(), std::nullopt, doorbells_);
  ASSERT_TRUE(next);
  next->add_counters(former);
  EXPECT_EQ(next->counters().stored, 1u);
  EXPECT_EQ(next->counters().misses, former.misses);
}

}  // namespace
}  // namespace ringwall::cache::test
