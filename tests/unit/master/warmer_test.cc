#include "daemon/master/warmer.h"

#include <set>

#include "daemon/proxy/warm.h"
#include "tests/unit/io/support.h"

namespace ringwall::master {
namespace {

using control::Message;
using control::Verb;
using io::Task;
using Outcome = proxy::Warmed::Outcome;

/// The workers are the test: it sees what is asked and answers when it likes.
class WarmerTest : public io::LoopTest {
 protected:
  void SetUp() override {
    Warmer::Work work;
    work.ask = [this](const Message& message) -> std::optional<pid_t> {
      if (refusing_) return std::nullopt;
      asked_.push_back({message.verb, message.number, message.text});
      if (answering_) answers_.push_back(message.number);
      return pid_;
    };
    work.lives = [this](pid_t pid) { return !dead_.contains(pid); };
    work.listen = [this](Warmer::Hear hear) { hear_ = std::move(hear); };
    warmer_.emplace(loop(), std::move(work));
  }
  static Warmer::Run run_of(size_t items, uint64_t rate = 10'000) {
    Warmer::Run run;
    run.rate = rate;
    for (size_t i = 0; i < items; ++i) {
      run.items.push_back({"u" + std::to_string(i), "head " + std::to_string(i)});
    }
    return run;
  }
  void answer(uint64_t number, Outcome outcome, std::string why = {}, uint64_t bytes = 10) {
    Message message(Verb::warmed);
    message.number = number;
    message.numbers = {static_cast<uint64_t>(outcome), bytes};
    message.text = std::move(why);
    hear_(message);
  }
  Task<void> warm(Warmer::Run& run) {
    co_await warmer_->warm(run, gone_);
    over_ = true;
  }
  /// Turns the loop, with what is to be answered at once answered behind the asking.
  template <class F>
  void turn_until_true(F condition) {
    turn_until([&] {
      for (uint64_t number : std::exchange(answers_, {})) answer(number, Outcome::stored);
      return condition();
    });
  }

  struct Asked {
    Verb verb;
    uint64_t number;
    std::string text;
  };
  std::vector<Asked> asked_;
  std::vector<uint64_t> answers_;
  std::set<pid_t> dead_;
  pid_t pid_ = 100;
  bool refusing_ = false;
  bool answering_ = false;
  bool over_ = false;
  Warmer::Hear hear_;
  io::Stop gone_;
  std::optional<Warmer> warmer_;
};

TEST_F(WarmerTest, each_outcome_is_counted_and_the_reasons_kept) {
  Warmer::Run run = run_of(5);
  start(warm(run));
  turn_until_true([&] { return asked_.size() == 5; });
  EXPECT_EQ(asked_[3].text, "head 3");
  EXPECT_EQ(asked_[3].verb, Verb::warm);
  answer(asked_[0].number, Outcome::stored);
  answer(asked_[1].number, Outcome::fresh);
  answer(asked_[2].number, Outcome::uncacheable, "private");
  answer(asked_[3].number, Outcome::failed, "no-backend");
  EXPECT_FALSE(over_);
  answer(asked_[4].number, Outcome::no_route, "no-route");
  answer(asked_[4].number, Outcome::stored);  // a second one counts nothing
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.stored, 1u);
  EXPECT_EQ(run.report.fresh, 1u);
  EXPECT_EQ(run.report.uncacheable, 1u);
  EXPECT_EQ(run.report.failed, 1u);
  EXPECT_EQ(run.report.no_route, 1u);
  EXPECT_EQ(run.report.bytes, 50u);
  ASSERT_EQ(run.report.problems.size(), 3u);
  EXPECT_EQ(run.report.problems[1].url, "u3");
  EXPECT_EQ(run.report.problems[1].why, "no-backend");
}

TEST_F(WarmerTest, so_many_at_most_are_under_way) {
  Warmer::Run run = run_of(200);
  start(warm(run));
  turn_until_true([&] { return asked_.size() == Warmer::under_way_max; });
  for (int i = 0; i < 100; ++i) loop().turn(false);
  EXPECT_EQ(asked_.size(), Warmer::under_way_max);
  answering_ = true;
  for (size_t i = 0; i < Warmer::under_way_max; ++i) answer(asked_[i].number, Outcome::stored);
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.stored, 200u);
}

TEST_F(WarmerTest, the_rate_is_kept) {
  answering_ = true;
  Warmer::Run run = run_of(21, 100);
  base::Instant begun = base::monotonic_now();
  start(warm(run));
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.stored, 21u);
  EXPECT_GE(base::monotonic_now() - begun, std::chrono::milliseconds(195));
}

TEST_F(WarmerTest, what_a_dead_worker_was_asked_goes_to_another_one_once) {
  Warmer::Run run = run_of(2);
  start(warm(run));
  turn_until_true([&] { return asked_.size() == 2; });
  answer(asked_[0].number, Outcome::stored);
  dead_ = {100};
  pid_ = 101;
  turn_until_true([&] { return asked_.size() == 3; });
  EXPECT_EQ(asked_[2].text, "head 1");
  EXPECT_NE(asked_[2].number, asked_[1].number);
  answer(asked_[1].number, Outcome::stored);  // too late
  EXPECT_EQ(run.report.stored, 1u);
  dead_ = {100, 101};
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.failed, 1u);
  EXPECT_EQ(run.report.problems.at(0).why, "worker-died");
}

TEST_F(WarmerTest, a_worker_is_waited_for_where_there_is_none) {
  refusing_ = true;
  answering_ = true;
  Warmer::Run run = run_of(3);
  start(warm(run));
  for (int i = 0; i < 100; ++i) loop().turn(false);
  EXPECT_FALSE(over_);
  refusing_ = false;
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.stored, 3u);
}

TEST_F(WarmerTest, it_ends_with_who_wanted_it_and_late_answers_harm_nobody) {
  {
    Warmer::Run run = run_of(3);
    start(warm(run));
    turn_until_true([&] { return asked_.size() == 3; });
    answer(asked_[0].number, Outcome::stored);
    gone_.request();
    turn_until_true([&] { return over_; });
    EXPECT_EQ(run.done, 1u);
  }
  answer(asked_[1].number, Outcome::stored);
}

TEST_F(WarmerTest, two_at_once_have_their_own_counts) {
  answering_ = true;
  Warmer::Run one = run_of(30), other = run_of(20);
  start(warm(one));
  start(warm(other));
  turn_until_true([&] { return group_.empty(); });
  EXPECT_EQ(one.report.stored, 30u);
  EXPECT_EQ(other.report.stored, 20u);
}

TEST_F(WarmerTest, an_answer_that_makes_no_sense_is_a_failure) {
  Warmer::Run run = run_of(1);
  start(warm(run));
  turn_until_true([&] { return asked_.size() == 1; });
  Message nonsense(Verb::warmed);
  nonsense.number = asked_[0].number;
  nonsense.numbers = {77, 1};
  hear_(nonsense);
  turn_until_true([&] { return over_; });
  EXPECT_EQ(run.report.failed, 1u);
}

}  // namespace
}  // namespace ringwall::master
