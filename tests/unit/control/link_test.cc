#include "daemon/control/link.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/io/support.h"

namespace ringwall::control {
namespace {

using io::Task;

class LinkTest : public io::LoopTest {
 protected:
  void SetUp() override {
    auto ends = make_link();
    ASSERT_TRUE(ends);
    ours_ = std::make_unique<Link>(loop(), std::move(ends->ours));
    theirs_ = std::make_unique<Link>(loop(), std::move(ends->theirs));
  }
  Task<void> take(base::Result<Message>* out) {
    *out = co_await theirs_->receive(io::Until(loop().now() + std::chrono::seconds(20)));
  }
  base::Result<Message> received() {
    base::Result<Message> message = base::fail("nothing yet");
    run(take(&message));
    return message;
  }

  std::unique_ptr<Link> ours_;
  std::unique_ptr<Link> theirs_;
};

Message full_message() {
  Message message(Verb::prepare, 42);
  message.number = 1'000'000'007;
  message.text = "why \"not\"\n";
  message.numbers = {1, 2, 1ull << 60};
  return message;
}

TEST(LinkMessageTest, EveryMemberSurvivesTheWire) {
  auto back = decode(encode(full_message()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->verb, Verb::prepare);
  EXPECT_EQ(back->generation, 42u);
  EXPECT_EQ(back->number, 1'000'000'007u);
  EXPECT_EQ(back->text, "why \"not\"\n");
  EXPECT_EQ(back->numbers, (std::vector<uint64_t>{1, 2, 1ull << 60}));
}

TEST(LinkMessageTest, WhatIsCutOrLongerOrOfAnotherReleaseIsNoMessage) {
  std::string whole = encode(full_message());
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(decode(whole.substr(0, n))) << n;
  EXPECT_FALSE(decode(whole + "x"));
  std::string other = whole;
  other[0] = static_cast<char>(other[0] + 1);  // the version
  EXPECT_FALSE(decode(other));
  other = whole;
  other[8] = 99;  // the verb
  EXPECT_FALSE(decode(other));
}

TEST_F(LinkTest, MessagesStayApartAndInOrder) {
  ASSERT_TRUE(ours_->send(Message(Verb::commit, 7)));
  ASSERT_TRUE(ours_->send(full_message()));
  auto first = received();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->verb, Verb::commit);
  EXPECT_EQ(first->generation, 7u);
  auto second = received();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->text, "why \"not\"\n");
}

TEST_F(LinkTest, DescriptorsArriveAsOthersOfTheSameFileAndCloseAtExec) {
  base::UniqueFd file(memfd_create("link-test", 0));
  ASSERT_TRUE(ours_->send(Message(Verb::reopen_logs), {file.get(), 0}));
  auto message = received();
  ASSERT_TRUE(message);
  ASSERT_EQ(message->descriptors.size(), 2u);
  int got = message->descriptors[0].get();
  EXPECT_NE(got, file.get());
  struct stat sent = {};
  struct stat arrived = {};
  ASSERT_EQ(fstat(file.get(), &sent), 0);
  ASSERT_EQ(fstat(got, &arrived), 0);
  EXPECT_EQ(sent.st_ino, arrived.st_ino);
  EXPECT_EQ(fcntl(got, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(LinkTest, AReceiverWaitsUntilAMessageComes) {
  base::Result<Message> message = base::fail("nothing yet");
  start(take(&message));
  turn_until([&] { return loop().pending() > 0; });
  ASSERT_TRUE(ours_->send(Message(Verb::stop)));
  finish();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->verb, Verb::stop);
}

TEST_F(LinkTest, WhatWasSentBeforeTheEndIsStillReadThenTheEndIsTold) {
  ASSERT_TRUE(ours_->send(Message(Verb::drained)));
  ours_.reset();
  EXPECT_TRUE(received());
  EXPECT_FALSE(received());
}

TEST_F(LinkTest, SendingToNobodyFailsAndAFullLinkDoesToo) {
  Message large(Verb::prepared);
  large.text = std::string(30'000, 'x');
  bool full = false;
  for (int i = 0; i < 1000 && !full; ++i) full = !ours_->send(large);
  EXPECT_TRUE(full) << "a link that nobody reads must not take everything";
  theirs_.reset();
  EXPECT_FALSE(ours_->send(Message(Verb::stop)));
}

}  // namespace
}  // namespace ringwall::control
