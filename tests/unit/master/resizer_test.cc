#include "daemon/master/resizer.h"

#include <atomic>
#include <deque>
#include <mutex>

#include "tests/unit/io/support.h"

namespace ringwall::master {
namespace {

using cache::Resized;
using io::Task;

class ResizerTest : public io::LoopTest {
 protected:
  void SetUp() override {
    Resizer::Work work;
    work.there = [this] {
      ++looks_;
      return there_.load();
    };
    work.usage = [this] {
      const std::lock_guard lock(mutex_);
      return usage_;
    };
    work.set = [this](uint64_t size) -> base::Status {
      const std::lock_guard lock(mutex_);
      if (size != usage_.arena_bytes) usage_.resizing = cache::Usage::Resizing::growing;
      usage_.arena_bytes = size;
      sizes_.push_back(size);
      return {};
    };
    work.resize = [this](cache::ResizeProgress& progress) -> base::Result<Resized> {
      const std::lock_guard lock(mutex_);
      base::Result<Resized> answer = Resized::done;
      if (!answers_.empty()) {
        answer = answers_.front();
        answers_.pop_front();
      }
      if (answer && *answer == Resized::done) usage_.resizing = cache::Usage::Resizing::no;
      progress.objects += 10;
      objects_ = progress.objects;
      ++slices_;
      return answer;
    };
    resizer_.emplace(loop(), std::move(work));
  }
  void answer(std::deque<base::Result<Resized>> answers) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(answers);
  }
  Task<void> until_slices(unsigned count) {
    while (slices_ < count) co_await io::YieldTurn();
  }
  Task<void> stop_after(unsigned slices) {
    co_await until_slices(slices);
    stop_.request();
  }
  Task<void> set_twice() {
    co_await until_slices(1);
    resizer_->set(64 << 20);
    co_await until_slices(3);
    resizer_->set(64 << 20);
    resizer_->set(32 << 20);
    co_await until_slices(4);
    stop_.request();
  }
  Task<void> set_while_it_waits() {
    co_await until_slices(2);
    resizer_->set(64 << 20);
    co_await until_slices(3);
    stop_.request();
  }

  Task<void> renew_and_stop() {
    co_await until_slices(1);
    resizer_->renew();
    co_await until_slices(2);
    stop_.request();
  }
  Task<void> stop_when_looked_at(unsigned looks) {
    while (looks_ < looks) co_await io::YieldTurn();
    stop_.request();
  }

  std::atomic<bool> there_{true};
  std::atomic<unsigned> looks_{0};
  std::atomic<unsigned> slices_{0};
  std::mutex mutex_;
  std::deque<base::Result<Resized>> answers_;
  std::atomic<uint64_t> objects_{0};
  cache::Usage usage_;
  std::vector<uint64_t> sizes_;
  io::Stop stop_;
  std::optional<Resizer> resizer_;
};

TEST_F(ResizerTest, works_at_the_start_until_all_is_reserved) {
  answer({Resized::more, Resized::more, Resized::done});
  start(resizer_->keep(stop_));
  run(stop_after(3));
  EXPECT_EQ(slices_, 3u);
  EXPECT_EQ(objects_, 30u);  // one progress for all
  EXPECT_TRUE(sizes_.empty());
}

TEST_F(ResizerTest, another_size_is_worked_for_and_the_same_is_not) {
  answer({Resized::done, Resized::more});
  start(resizer_->keep(stop_));
  run(set_twice());
  EXPECT_EQ(sizes_, (std::vector<uint64_t>{64 << 20, 64 << 20, 32 << 20}));
  EXPECT_EQ(slices_, 4u);
}

TEST_F(ResizerTest, what_has_to_wait_is_tried_again) {
  answer({Resized::waiting, Resized::waiting, Resized::done});
  start(resizer_->keep(stop_));
  run(stop_after(3));
  EXPECT_EQ(slices_, 3u);
}

TEST_F(ResizerTest, a_new_size_does_not_wait_for_a_failure_to_be_tried_again) {
  answer({Resized::more, base::fail("no memory"), Resized::done});
  start(resizer_->keep(stop_));
  const base::Instant begun = base::monotonic_now();
  run(set_while_it_waits());
  EXPECT_EQ(slices_, 3u);
  EXPECT_LT(base::monotonic_now() - begun, std::chrono::seconds(5));
}

TEST_F(ResizerTest, another_segment_is_worked_on_from_its_beginning) {
  start(resizer_->keep(stop_));
  run(renew_and_stop());
  EXPECT_EQ(slices_, 2u);
  EXPECT_EQ(objects_, 10u);
}

TEST_F(ResizerTest, a_cache_that_may_be_damaged_is_left_alone) {
  there_ = false;
  start(resizer_->keep(stop_));
  run(stop_when_looked_at(2));
  EXPECT_EQ(slices_, 0u);
}

TEST_F(ResizerTest, who_leaves_it_to_another_master_does_no_more) {
  resizer_->leave();
  run(resizer_->keep(stop_));
  EXPECT_EQ(slices_, 0u);
}

}  // namespace
}  // namespace ringwall::master
