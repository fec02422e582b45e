#include "daemon/master/listeners.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>

namespace ringwall::master {
namespace {

conf::Listener wanted(const std::string& address, const std::string& name = "") {
  conf::Listener listener;
  listener.address = *base::Address::parse(address);
  listener.name = name.empty() ? address : name;
  listener.backlog = 16;
  return listener;
}

class ListenersTest : public testing::Test {
 protected:
  ListenerSet bound(const std::vector<conf::Listener>& all, const ListenerSet& current = {}) {
    auto set = bind_listeners(all, current, next_id_, fixed_);
    EXPECT_TRUE(set) << set.error().what;
    return set ? std::move(*set) : ListenerSet();
  }
  static base::UniqueFd client() {
    return base::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  static int try_connect(int fd, const base::Address& address) {
    return connect(fd, address.data(), address.size()) == 0 ? 0 : errno;
  }
  static bool ready(int fd, short events, int ms) {
    pollfd one = {fd, events, 0};
    return poll(&one, 1, ms) == 1;
  }

  uint64_t next_id_ = 1;
  std::vector<std::string> fixed_;
};

TEST_F(ListenersTest, AReloadKeepsTheSocketsItStillNamesInItsOwnOrder) {
  ListenerSet first = bound({wanted("127.0.0.1:0", "a"), wanted("[::1]:0", "b")});
  ListenerSet second = bound(
      {wanted("[::1]:0", "b2"), wanted("127.0.0.2:0", "c"), wanted("127.0.0.1:0", "a")}, first);
  EXPECT_EQ(second[0], first[1]);
  EXPECT_EQ(second[2], first[0]);
  EXPECT_EQ(second[1]->id(), 3u) << "ids are never used twice";
  EXPECT_TRUE(removed(first, second).empty());
  EXPECT_EQ(removed(second, first), ListenerSet{second[1]});
}

TEST_F(ListenersTest, EachOfTwoListenersWithPortZeroHasASocketOfItsOwn) {
  ListenerSet first = bound({wanted("127.0.0.1:0", "a"), wanted("127.0.0.1:0", "b")});
  EXPECT_NE(first[0]->bound().port(), first[1]->bound().port());
  ListenerSet second = bound({wanted("127.0.0.1:0", "a"), wanted("127.0.0.1:0", "b")}, first);
  EXPECT_EQ(second, first);
}

TEST_F(ListenersTest, AnAddressInUseIsNamedAndNothingIsBound) {
  ListenerSet first = bound({wanted("127.0.0.1:0")});
  std::string taken = first[0]->bound().text();
  auto again =
      bind_listeners({wanted("127.0.0.1:0"), wanted(taken, "second")}, {}, next_id_, fixed_);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().what.find(taken), std::string::npos);
  EXPECT_NE(again.error().what.find("in use"), std::string::npos);
}

TEST_F(ListenersTest, WhatASocketCanNotChangeIsSaid) {
  ListenerSet first = bound({wanted("[::1]:0", "six")});
  conf::Listener other = wanted("[::1]:0", "six");
  other.ipv6_only = true;
  ListenerSet second = bound({other}, first);
  EXPECT_EQ(second, first);
  EXPECT_EQ(fixed_, std::vector<std::string>{"listener.ipv6_only of six"});
}

TEST_F(ListenersTest, TheLastGenerationThatLetsGoClosesTheSocket) {
  ListenerSet first = bound({wanted("127.0.0.1:0")});
  base::Address address = first[0]->bound();
  ListenerSet copy = first;
  first.clear();
  auto one = client();
  EXPECT_EQ(try_connect(one.get(), address), EINPROGRESS);
  copy.clear();
  auto other = client();
  try_connect(other.get(), address);
  ASSERT_TRUE(ready(other.get(), POLLOUT, 20'000));
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(other.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  EXPECT_EQ(error, ECONNREFUSED);
}

TEST_F(ListenersTest, AHeldListenerTakesNobodyNewAndKeepsWhoIsThere) {
  ListenerSet set = bound({wanted("127.0.0.1:0")});
  base::Address address = set[0]->bound();
  auto before = client();
  try_connect(before.get(), address);
  ASSERT_TRUE(ready(before.get(), POLLOUT, 20'000));
  set[0]->hold();
  auto during = client();
  EXPECT_EQ(try_connect(during.get(), address), EINPROGRESS);
  base::UniqueFd served(accept4(set[0]->fd(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(served);
  EXPECT_FALSE(ready(set[0]->fd(), POLLIN, 50)) << "the second is not let in";
  EXPECT_FALSE(ready(during.get(), POLLOUT, 0)) << "and not refused: it tries again";
  ASSERT_EQ(send(before.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(recv(served.get(), &byte, 1, 0), 1) << "the first goes on";
  set[0]->resume();
  EXPECT_TRUE(ready(set[0]->fd(), POLLIN, 20'000)) << "its second try is let in";
}

class UnixListenersTest : public ListenersTest {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::temp_directory_path() / ("ringwall-listeners-" + std::to_string(getpid()));
    std::filesystem::create_directory(directory_);
    path_ = directory_ / "web.sock";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  bool there() const { return std::filesystem::exists(path_); }

  std::filesystem::path directory_;
  std::string path_;
};

TEST_F(UnixListenersTest, ItsNameGoesWithIt) {
  {
    ListenerSet set = bound({wanted("unix:" + path_)});
    EXPECT_TRUE(there());
  }
  EXPECT_FALSE(there());
}

TEST_F(UnixListenersTest, ANameLeftToAnotherProcessStays) {
  {
    ListenerSet set = bound({wanted("unix:" + path_)});
    set[0]->leave();
  }
  EXPECT_TRUE(there());
}

TEST_F(UnixListenersTest, WhatADeadProcessLeftIsReplacedALivingOneIsNot) {
  {
    ListenerSet dead = bound({wanted("unix:" + path_)});
    dead[0]->leave();
  }
  ListenerSet living = bound({wanted("unix:" + path_)});
  ASSERT_EQ(living.size(), 1u);
  EXPECT_FALSE(bind_listeners({wanted("unix:" + path_)}, {}, next_id_, fixed_));
}

TEST_F(UnixListenersTest, HoldingItTakesItsNameAwayAndResumingGivesItBack) {
  ListenerSet set = bound({wanted("unix:" + path_)});
  set[0]->hold();
  EXPECT_FALSE(there());
  set[0]->resume();
  EXPECT_TRUE(there());
  set[0]->hold();
  set.clear();
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

}  // namespace
}  // namespace ringwall::master
