#include "daemon/upstream/resolved.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace ringwall::upstream {
namespace {

using Access = ResolvedTable::Access;

base::Address address(const std::string& text) {
  return base::Address::parse(text).value();
}

class ResolvedTest : public testing::Test {
 protected:
  ResolvedTest() {
    table_ = std::move(ResolvedTable::create().value());
    reader_ = std::move(ResolvedTable::attach(table_->fd(), Access::read).value());
  }
  std::vector<std::string> read(uint32_t index, std::string_view host, uint16_t port) {
    Resolved out;
    std::vector<std::string> texts;
    if (!reader_->read(index, host, port, out)) return {"nothing"};
    for (const auto& one : out.all()) texts.push_back(one.text());
    return texts;
  }
  using Texts = std::vector<std::string>;

  std::unique_ptr<ResolvedTable> table_;
  std::unique_ptr<ResolvedTable> reader_;
};

TEST_F(ResolvedTest, GivesWhatWasWrittenWithTheReadersPort) {
  std::vector<base::Address> all = {address("192.0.2.7:0"), address("[2001:db8::7]:0")};
  table_->write(5, "app.example", all);
  EXPECT_EQ(read(5, "app.example", 8080), (Texts{"192.0.2.7:8080", "[2001:db8::7]:8080"}));
  table_->clear(5);
  EXPECT_EQ(read(5, "app.example", 8080), Texts{"nothing"});
}

TEST_F(ResolvedTest, AnswersForNoOtherName) {
  std::vector<base::Address> all = {address("192.0.2.7:0")};
  table_->write(5, "app.example", all);
  EXPECT_EQ(read(5, "other.example", 80), Texts{"nothing"});
  EXPECT_EQ(read(6, "app.example", 80), Texts{"nothing"});
}

TEST_F(ResolvedTest, KeepsTheFirstSixteenAddressesAndNoUnixSockets) {
  std::vector<base::Address> all = {address("unix:/run/app")};
  for (int i = 0; i < 30; ++i) all.push_back(address("192.0.2." + std::to_string(i) + ":0"));
  table_->write(0, "app", all);
  auto texts = read(0, "app", 80);
  ASSERT_EQ(texts.size(), base::addresses_max);
  EXPECT_EQ(texts.front(), "192.0.2.0:80");
  EXPECT_EQ(texts.back(), "192.0.2.15:80");
}

TEST_F(ResolvedTest, TheVersionChangesWithEveryWrite) {
  std::vector<base::Address> all = {address("192.0.2.7:0")};
  uint32_t empty = reader_->version(3);
  table_->write(3, "app", all);
  uint32_t first = reader_->version(3);
  EXPECT_NE(first, empty);
  Resolved out;
  ASSERT_TRUE(reader_->read(3, "app", 80, out));
  EXPECT_EQ(out.version, first);
  table_->write(3, "app", all);
  EXPECT_NE(reader_->version(3), first);
}

TEST_F(ResolvedTest, RefusesWhatIsNoTable) {
  base::UniqueFd other(::memfd_create("other", MFD_CLOEXEC));
  EXPECT_FALSE(ResolvedTable::attach(other.get(), Access::read));
  ASSERT_EQ(::ftruncate(other.get(), ::lseek(table_->fd(), 0, SEEK_END)), 0);
  EXPECT_FALSE(ResolvedTable::attach(other.get(), Access::read));
}

TEST_F(ResolvedTest, CannotBeCutUnderItsReaders) {
  EXPECT_NE(::ftruncate(table_->fd(), 0), 0);
}

TEST_F(ResolvedTest, AReaderNeverSeesHalfOfAnAnswer) {
  // Answers in which all addresses are equal; a mixed one is torn.
  std::atomic<bool> done = false;
  std::thread writer([&] {
    std::vector<base::Address> answers[2];
    for (int i = 0; i < 16; ++i) answers[0].push_back(address("192.0.2.1:0"));
    for (int i = 0; i < 12; ++i) answers[1].push_back(address("[2001:db8::2]:0"));
    for (int i = 0; i < 200'000; ++i) table_->write(1, "app", answers[i % 2]);
    done = true;
  });
  Resolved out;
  unsigned seen = 0;
  while (!done || seen == 0) {
    if (!reader_->read(1, "app", 80, out)) continue;
    ++seen;
    ASSERT_EQ(out.count, out.addresses[0].family() == AF_INET ? 16u : 12u);
    for (const auto& one : out.all()) ASSERT_EQ(one, out.addresses[0]);
  }
  writer.join();
}

TEST_F(ResolvedTest, AWriterKilledInTheMiddleIsReplaced) {
  // The child writes without end and is killed at some moment; an odd version says "in the middle".
  std::vector<base::Address> all(16, address("192.0.2.7:0"));
  for (int tries = 0; tries < 2000; ++tries) {
    pid_t child = ::fork();
    if (child == 0) {
      for (;;) table_->write(2, "app", all);
    }
    while (reader_->version(2) < 10) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (reader_->version(2) % 2 != 0) break;
    table_->clear(2);
  }
  ASSERT_EQ(reader_->version(2) % 2, 1u) << "no kill fell into a write";
  Resolved out;
  EXPECT_FALSE(reader_->read(2, "app", 80, out));
  auto writer = ResolvedTable::attach(table_->fd(), Access::write);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(reader_->version(2) % 2, 0u);
  EXPECT_EQ(read(2, "app", 80), Texts{"nothing"});
  (*writer)->write(2, "app", all);
  EXPECT_EQ(read(2, "app", 80).size(), 16u);
}

}  // namespace
}  // namespace ringwall::upstream
