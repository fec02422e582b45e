#include "daemon/worker/heritage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace ringwall::worker {
namespace {

base::UniqueFd some_file() {
  return base::UniqueFd(open("/dev/null", O_RDONLY));  // not close-on-exec
}

bool closes_at_exec(int fd) {
  return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

class HeritageTest : public testing::Test {
 protected:
  void SetUp() override {
    heritage_.doorbells.fill(-1);
    heritage_.kind = Kind::master;
    heritage_.generation = 12;
    heritage_.slot = 77;
    heritage_.bundle = file();
    heritage_.link = file();
    heritage_.stats = file();
    heritage_.error_log = file();
    heritage_.level = base::LogLevel::debug;
    heritage_.identity = Identity{65534, 100, {100, 4}};
    heritage_.listeners = {{3, file(), *base::Address::parse("127.0.0.1:80"), false},
                           {9, file(), *base::Address::parse("[::]:443"), true},
                           {10, file(), *base::Address::parse("unix:/run/x.sock"), false}};
    heritage_.doorbells[0] = file();
    heritage_.doorbells[127] = file();
    Heritage::Takeover takeover;
    takeover.control = file();
    takeover.control_path = "/run/ringwall/control.sock";
    takeover.next_listener_id = 11;
    takeover.cache_layout = 0xfeedfeedfeedfeed;
    takeover.cache_size_max = 1ull << 33;
    takeover.literal_lru = true;
    takeover.slots = {0, 5, 127};
    heritage_.takeover = takeover;
  }
  int file() {
    files_.push_back(some_file());
    return files_.back().get();
  }

  std::vector<base::UniqueFd> files_;
  Heritage heritage_;
};

TEST_F(HeritageTest, EveryMemberSurvivesTheWay) {
  auto memory = write_heritage(heritage_);
  ASSERT_TRUE(memory);
  auto back = read_heritage(memory->get());
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->kind, Kind::master);
  EXPECT_EQ(back->generation, 12u);
  EXPECT_EQ(back->slot, 77u);
  EXPECT_EQ(back->bundle, heritage_.bundle);
  EXPECT_EQ(back->cache, -1);
  EXPECT_EQ(back->level, base::LogLevel::debug);
  EXPECT_EQ(back->identity, heritage_.identity);
  ASSERT_EQ(back->listeners.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back->listeners[i].id, heritage_.listeners[i].id);
    EXPECT_EQ(back->listeners[i].fd, heritage_.listeners[i].fd);
    EXPECT_EQ(back->listeners[i].address, heritage_.listeners[i].address);
    EXPECT_EQ(back->listeners[i].ipv6_only, heritage_.listeners[i].ipv6_only);
  }
  EXPECT_EQ(back->doorbells, heritage_.doorbells);
  ASSERT_TRUE(back->takeover);
  EXPECT_EQ(back->takeover->control_path, "/run/ringwall/control.sock");
  EXPECT_EQ(back->takeover->cache_layout, 0xfeedfeedfeedfeed);
  EXPECT_EQ(back->takeover->cache_size_max, 1ull << 33);
  EXPECT_TRUE(back->takeover->literal_lru);
  EXPECT_FALSE(back->takeover->huge_pages);
  EXPECT_EQ(back->takeover->slots, (std::vector<uint64_t>{0, 5, 127}));
  EXPECT_EQ(back->descriptors(), heritage_.descriptors());
}

TEST_F(HeritageTest, WhatWasInheritedIsNotPassedOnByAccident) {
  for (int fd : heritage_.descriptors()) EXPECT_FALSE(closes_at_exec(fd));
  auto memory = write_heritage(heritage_);
  ASSERT_TRUE(memory && read_heritage(memory->get()));
  for (int fd : heritage_.descriptors()) EXPECT_TRUE(closes_at_exec(fd));
}

TEST_F(HeritageTest, ItCanNotBeChangedOnTheWayAndWhatIsNotSealedIsRefused) {
  auto memory = write_heritage(heritage_);
  ASSERT_TRUE(memory);
  EXPECT_LT(::write(memory->get(), "x", 1), 0);
  EXPECT_LT(ftruncate(memory->get(), 0), 0);
  base::UniqueFd plain(memfd_create("plain", MFD_ALLOW_SEALING));
  EXPECT_FALSE(read_heritage(plain.get()));
}

TEST_F(HeritageTest, ADescriptorThatIsNotThereIsTold) {
  heritage_.stats = 9999;
  auto memory = write_heritage(heritage_);
  ASSERT_TRUE(memory);
  auto back = read_heritage(memory->get());
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().what.find("9999"), std::string::npos);
}

TEST_F(HeritageTest, TheEnvironmentNamesItOnce) {
  unsetenv(heritage_variable);
  auto none = inherit();
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  auto memory = write_heritage(heritage_);
  ASSERT_TRUE(memory);
  setenv(heritage_variable, std::to_string(memory->release()).c_str(), 1);
  auto there = inherit();
  ASSERT_TRUE(there && *there);
  EXPECT_EQ((*there)->slot, 77u);
  EXPECT_EQ(getenv(heritage_variable), nullptr) << "the child's own children get none";
  setenv(heritage_variable, "junk", 1);
  EXPECT_FALSE(inherit());
  unsetenv(heritage_variable);
}

}  // namespace
}  // namespace ringwall::worker
