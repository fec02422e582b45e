#include "daemon/worker/listening.h"

#include <algorithm>

#include "tests/unit/io/support.h"
#include "tests/unit/worker/service_double.h"

namespace ringwall::worker {
namespace {

using io::Task;
using proxy::told;

class ListeningTest : public io::LoopTest {
 protected:
  void SetUp() override {
    proxy::Parts parts;
    parts.loop = &loop();
    service_ = std::make_unique<proxy::Service>(parts);
    listening_ = std::make_unique<Listening>(loop(), *service_);
  }
  void TearDown() override {
    proxy::kept.clear();
    run(listening_->close(false));
  }
  struct Port {
    base::Address address;
    base::UniqueFd fd;
  };
  static Port open_port() {
    Port port;
    port.fd = io::loopback_listener(port.address);
    return port;
  }
  static ListeningSocket share(uint64_t id, const Port& port) {
    ListeningSocket socket;
    socket.id = id;
    socket.fd.reset(dup(port.fd.get()));
    return socket;
  }
  void adopt(std::vector<ListeningSocket>& sockets) { listening_->adopt(std::move(sockets)); }
  base::UniqueFd connect_to(const Port& port) {
    base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), port.address.data(), port.address.size()), 0);
    return fd;
  }
  size_t served() const {
    return static_cast<size_t>(std::count_if(
        told.begin(), told.end(), [](const auto& line) { return line.starts_with("serve"); }));
  }
  void wait_served(size_t count) {
    turn_until([&] { return served() >= count; });
  }

  std::unique_ptr<proxy::Service> service_;
  std::unique_ptr<Listening> listening_;
};

TEST_F(ListeningTest, ConnectionsComeWithTheIndexOfTheirListener) {
  Port first = open_port();
  Port second = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, first));
  sockets.push_back(share(2, second));
  adopt(sockets);
  auto a = connect_to(second);
  wait_served(1);
  auto b = connect_to(first);
  wait_served(2);
  EXPECT_EQ(told, (std::vector<std::string>{"serve 1", "serve 0"}));
}

TEST_F(ListeningTest, AKnownListenerGoesOnUnderItsNewIndex) {
  Port first = open_port();
  Port second = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, first));
  adopt(sockets);
  sockets.clear();
  sockets.push_back(share(2, second));
  sockets.push_back(share(1, first));
  adopt(sockets);
  auto a = connect_to(first);
  wait_served(1);
  auto b = connect_to(second);
  wait_served(2);
  EXPECT_EQ(told, (std::vector<std::string>{"serve 1", "serve 0"}));
}

TEST_F(ListeningTest, WhatWaitsInTheBacklogOfARetiredListenerIsServed) {
  Port gone = open_port();
  Port stays = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, gone));
  sockets.push_back(share(2, stays));
  adopt(sockets);
  turn_until([&] { return loop().pending() == 2; });
  proxy::pretend_full = true;  // so that connections stay in the backlog
  auto first = connect_to(gone);
  wait_served(1);  // the accept that was armed before
  std::vector<base::UniqueFd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to(gone));
  run(listening_->retire({2}));
  EXPECT_EQ(served(), 21u);
  EXPECT_EQ(std::count(told.begin(), told.end(), "serve 0"), 21);
  proxy::pretend_full = false;
  service_->room_event().notify_all();
  auto other = connect_to(stays);
  wait_served(22);
  EXPECT_EQ(told.back(), "serve 1");
}

TEST_F(ListeningTest, AtAnEndThatOthersServeTheBacklogIsLeftToThem) {
  Port port = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, port));
  adopt(sockets);
  turn_until([&] { return loop().pending() == 1; });
  proxy::pretend_full = true;
  auto first = connect_to(port);
  wait_served(1);
  auto second = connect_to(port);
  run(listening_->close(false));
  EXPECT_EQ(served(), 1u);
  base::UniqueFd left(accept4(port.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(left) << "it is still there for another worker";
}

TEST_F(ListeningTest, AConnectionThatWokeACancelledAcceptIsServed) {
  // Its arrival has woken our accept and no other worker's: left alone, nobody would look for it.
  Port port = open_port();
  for (int i = 0; i < 20; ++i) {
    std::vector<ListeningSocket> sockets;
    sockets.push_back(share(1, port));
    adopt(sockets);
    size_t before = served();
    turn_until([&] { return loop().pending() == 1; });
    auto client = connect_to(port);
    run(listening_->close(false));
    EXPECT_EQ(served(), before + 1);
  }
}

TEST_F(ListeningTest, AConnectionThatNobodyWasWokenForIsServedAtALook) {
  // As after the death of a worker that took the wake-up with it: here our own accept is not armed.
  Port port = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, port));
  proxy::pretend_full = true;
  adopt(sockets);
  auto first = connect_to(port);
  auto second = connect_to(port);
  for (int i = 0; i < 50; ++i) loop().turn(false);
  EXPECT_EQ(served(), 0u);
  proxy::pretend_full = false;
  listening_->look();
  wait_served(2);
  listening_->look();  // nothing waits
  for (int i = 0; i < 50; ++i) loop().turn(false);
  EXPECT_EQ(served(), 2u);
}

TEST_F(ListeningTest, AFullServiceGetsNoConnectionsUntilThereIsRoom) {
  Port port = open_port();
  std::vector<ListeningSocket> sockets;
  sockets.push_back(share(1, port));
  proxy::pretend_full = true;
  adopt(sockets);
  auto client = connect_to(port);
  for (int i = 0; i < 50; ++i) loop().turn(false);
  EXPECT_EQ(served(), 0u);
  proxy::pretend_full = false;
  service_->room_event().notify_one();
  wait_served(1);
}

}  // namespace
}  // namespace ringwall::worker
