#include "daemon/worker/duties.h"

#include <gtest/gtest.h>

#include <csignal>

#include "conf/bundle.h"
#include "tests/unit/io/support.h"
#include "tests/unit/worker/service_double.h"

namespace ringwall::worker {
namespace {

using control::Message;
using control::Verb;
using io::Task;
using proxy::told;

base::UniqueFd bundle_of(const std::string& via) {
  conf::Bundle bundle;
  bundle.entry = "/test.toml";
  bundle.files["/test.toml"] = "[http]\nvia = \"" + via +
                               "\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n"
                               "[[route]]\nrespond = { body = \"x\" }\n";
  auto fd = conf::write_bundle(bundle);
  EXPECT_TRUE(fd);
  return std::move(*fd);
}

/// A worker with a service double; the test plays the master at the other end of its link.
class DutiesTest : public io::LoopTest {
 protected:
  void SetUp() override {
    auto segment = stats::Segment::create();
    ASSERT_TRUE(segment);
    segment_.emplace(std::move(*segment));
    proxy::Parts parts;
    parts.loop = &loop();
    service_ = std::make_unique<proxy::Service>(parts);
    auto ends = control::make_link();
    ASSERT_TRUE(ends);
    link_ = std::make_unique<control::Link>(loop(), std::move(ends->ours));
    port_ = io::loopback_listener(address_);
    Heritage heritage;
    heritage.doorbells.fill(-1);
    heritage.generation = 1;
    heritage.link = ends->theirs.release();
    heritage.listeners = {{5, dup(port_.get()), address_, false}};
    auto signals = control::Signals::take({SIGTERM}, {});
    ASSERT_TRUE(signals);
    stats::WorkerStats& own = segment_->claim(0, 1, loop().now());
    duties_ =
        std::make_unique<Duties>(loop(), *service_, own, std::move(heritage), std::move(*signals));
    auto bundle = bundle_of("first");
    auto config = read_config(bundle.get());
    ASSERT_TRUE(config);
    duties_->begin(std::move(*config));
    EXPECT_EQ(heard().verb, Verb::ready);
  }
  void TearDown() override {
    if (!duties_->done()) {
      tell(Message(Verb::stop));
      turn_until([&] { return duties_->done(); });
    }
    proxy::kept.clear();
  }
  Task<void> take(Message* out) {
    auto message = co_await link_->receive(io::Until());
    EXPECT_TRUE(message);
    if (message) *out = std::move(*message);
    ++taken_;
  }
  /// The next message of the worker.
  Message heard() {
    Message message;
    size_t before = taken_;
    EXPECT_TRUE(group_.spawn(take(&message)));
    turn_until([&] { return taken_ > before && group_.empty(); });
    return message;
  }
  void tell(const Message& message, const std::vector<int>& descriptors = {}) {
    EXPECT_TRUE(link_->send(message, descriptors));
  }
  void tell_prepare(uint64_t generation, const std::string& via, uint64_t id, int listener) {
    Message message(Verb::prepare, generation);
    message.numbers = {id};
    auto bundle = bundle_of(via);
    tell(message, {bundle.get(), listener});
  }
  base::UniqueFd connect_to(const base::Address& address) {
    base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), address.data(), address.size()), 0);
    return fd;
  }
  static bool was_told(const std::string& line) {
    return std::find(told.begin(), told.end(), line) != told.end();
  }

  std::optional<stats::Segment> segment_;
  std::unique_ptr<proxy::Service> service_;
  std::unique_ptr<control::Link> link_;
  base::Address address_;
  base::UniqueFd port_;
  std::unique_ptr<Duties> duties_;
  size_t taken_ = 0;
};

TEST_F(DutiesTest, AReloadIsPreparedFirstAndCommittedOnlyWhenTold) {
  tell_prepare(2, "second", 5, port_.get());
  Message vote = heard();
  EXPECT_EQ(vote.verb, Verb::prepared);
  EXPECT_EQ(vote.generation, 2u);
  EXPECT_EQ(vote.text, "");
  EXPECT_FALSE(was_told("commit second"));
  tell(Message(Verb::commit, 2));
  Message done = heard();
  EXPECT_EQ(done.verb, Verb::committed);
  EXPECT_EQ(done.generation, 2u);
  EXPECT_TRUE(was_told("commit second"));
}

TEST_F(DutiesTest, ARequestThatWarmsTheCacheIsAnsweredWithWhatCameOfIt) {
  Message warm(Verb::warm);
  warm.number = 7;
  warm.text = "GET / HTTP/1.1";
  tell(warm);
  Message answer = heard();
  EXPECT_TRUE(was_told("warm GET / HTTP/1.1"));
  EXPECT_EQ(answer.verb, Verb::warmed);
  EXPECT_EQ(answer.number, 7u);
  EXPECT_EQ(answer.text, "private");
  EXPECT_EQ(answer.numbers, (std::vector<uint64_t>{2, 7}));
}

TEST_F(DutiesTest, AnAbortedReloadChangesNothingEvenIfACommitFollows) {
  tell_prepare(2, "second", 5, port_.get());
  EXPECT_EQ(heard().verb, Verb::prepared);
  tell(Message(Verb::abort, 2));
  tell(Message(Verb::commit, 2));
  tell_prepare(3, "third", 5, port_.get());
  EXPECT_EQ(heard().generation, 3u);
  EXPECT_FALSE(was_told("commit second"));
}

TEST_F(DutiesTest, WhyItCanNotPrepareGoesToTheMaster) {
  proxy::refuse_next = true;
  tell_prepare(2, "second", 5, port_.get());
  EXPECT_EQ(heard().text, "the double refuses");
  Message damaged(Verb::prepare, 3);
  damaged.numbers = {5};
  tell(damaged, {0, port_.get()});
  EXPECT_NE(heard().text, "");
  tell(Message(Verb::prepare, 4));
  EXPECT_NE(heard().text, "");
}

TEST_F(DutiesTest, AConnectionOfARemovedListenerIsServedByTheOldConfig) {
  base::Address other;
  base::UniqueFd added = io::loopback_listener(other);
  proxy::pretend_full = true;
  auto first = connect_to(address_);
  turn_until([&] { return was_told("serve 0"); });
  auto waiting = connect_to(address_);
  tell_prepare(2, "second", 6, added.get());
  EXPECT_EQ(heard().verb, Verb::prepared);
  tell(Message(Verb::commit, 2));
  EXPECT_EQ(heard().verb, Verb::committed);
  EXPECT_EQ(told,
            (std::vector<std::string>{"serve 0", "prepare second", "serve 0", "commit second"}));
}

TEST_F(DutiesTest, ADrainWaitsForTheServiceAndSaysThatNothingWasCut) {
  Message drain(Verb::drain);
  drain.number = 60'000'000'000;
  tell(drain);
  EXPECT_EQ(heard().verb, Verb::closed);
  turn_until([&] { return was_told("drain"); });
  EXPECT_FALSE(duties_->done());
  proxy::let_finish();
  Message drained = heard();
  EXPECT_EQ(drained.verb, Verb::drained);
  EXPECT_EQ(drained.number, 0u);
  turn_until([&] { return duties_->done(); });
  EXPECT_FALSE(was_told("abort"));
}

TEST_F(DutiesTest, AtTheDeadlineOfADrainTheRestIsCutOff) {
  auto client = connect_to(address_);
  turn_until([&] { return was_told("serve 0"); });
  Message drain(Verb::drain);
  drain.number = 20'000'000;
  tell(drain);
  EXPECT_EQ(heard().verb, Verb::closed);
  EXPECT_EQ(heard().number, 1u);
  EXPECT_TRUE(was_told("abort"));
  turn_until([&] { return duties_->done(); });
}

TEST_F(DutiesTest, AStopDuringADrainEndsItAtOnce) {
  Message drain(Verb::drain);
  drain.number = 60'000'000'000;
  tell(drain);
  EXPECT_EQ(heard().verb, Verb::closed);
  tell(Message(Verb::stop));
  turn_until([&] { return duties_->done(); });
  EXPECT_TRUE(was_told("abort"));
}

TEST_F(DutiesTest, WithoutAMasterItGoesOnUntilSigterm) {
  link_->shut_down();
  auto client = connect_to(address_);
  turn_until([&] { return was_told("serve 0"); });
  raise(SIGTERM);
  turn_until([&] { return was_told("drain"); });
  proxy::let_finish();
  turn_until([&] { return duties_->done(); });
}

TEST_F(DutiesTest, ReopenedLogsReachTheService) {
  base::UniqueFd error_log(dup(2));
  base::UniqueFd access_log(dup(2));
  Message message(Verb::reopen_logs);
  message.number = static_cast<uint64_t>(base::LogLevel::error);
  tell(message, {error_log.get(), access_log.get()});
  turn_until([&] { return was_told("log"); });
  tell(message, {error_log.get()});
  turn_until([&] { return was_told("no log"); });
  base::set_log(base::LogLevel::notice, 2, "test");
}

TEST_F(DutiesTest, ItBeatsWhileItLives) {
  uint64_t before = segment_->slot(0).heartbeat_ns.get();
  turn_while_waiting([&] { return segment_->slot(0).heartbeat_ns.get() == before; });
  EXPECT_GT(segment_->slot(0).heartbeat_ns.get(), before);
}

}  // namespace
}  // namespace ringwall::worker
