#include "daemon/io/operations.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/io/support.h"

namespace ringwall::io {
namespace {

using std::chrono::milliseconds;

class OperationsTest : public LoopTest {};

// --- accept and connect -------------------------------------------------------------------------

Task<void> accept_one(Loop& loop, int fd, base::UniqueFd& out, base::Address& peer) {
  Accept op(loop, fd, forever());
  int accepted = co_await op;
  EXPECT_GE(accepted, 0);
  out.reset(accepted);
  peer = op.peer();
}

Task<void> connect_one(Loop& loop, int fd, const base::Address& address, Until until, int& out) {
  out = co_await Connect(loop, fd, address, until);
}

TEST_F(OperationsTest, connects_and_accepts_over_the_loopback) {
  base::Address address;
  base::UniqueFd listener = loopback_listener(address);
  base::UniqueFd ours(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), theirs;
  base::Address peer;
  int connected = -1;
  start(accept_one(loop(), listener.get(), theirs, peer));
  start(connect_one(loop(), ours.get(), address, forever(), connected));
  finish();
  EXPECT_EQ(connected, 0);
  EXPECT_EQ(peer.ip(), "127.0.0.1");
  sockaddr_in name = {};
  socklen_t size = sizeof(name);
  ::getsockname(ours.get(), reinterpret_cast<sockaddr*>(&name), &size);
  EXPECT_EQ(peer.port(), ntohs(name.sin_port));
  EXPECT_TRUE((::fcntl(theirs.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_F(OperationsTest, a_refused_connect_says_so) {
  base::Address address;
  loopback_listener(address).reset();
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int connected = 0;
  run(connect_one(loop(), fd.get(), address, forever(), connected));
  EXPECT_EQ(connected, -ECONNREFUSED);
}

TEST_F(OperationsTest, a_connect_that_nobody_answers_ends_by_its_deadline) {
  base::Address address;
  base::UniqueFd listener = loopback_listener(address, 0);
  std::vector<base::UniqueFd> fds;
  std::vector<int> connected(5, 1);
  for (int& one : connected) {  // a backlog of 0 takes one; the others' SYNs are dropped
    fds.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    start(connect_one(loop(), fds.back().get(), address, Until(in(milliseconds(50))), one));
  }
  finish();
  EXPECT_EQ(connected.front(), 0);
  EXPECT_EQ(connected.back(), -ETIME);
}

TEST_F(OperationsTest, a_unix_peer_with_the_longest_name_has_only_its_family_told) {
  std::string directory = testing::TempDir() + "rwXXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  auto bound = [&](std::string name) {
    sockaddr_un local = {};
    local.sun_family = AF_UNIX;
    name = directory + "/" + name;
    name.resize(sizeof(local.sun_path) - 1, 'n');
    std::memcpy(local.sun_path, name.data(), name.size());
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof(local)), 0);
    return std::pair(std::move(fd), local);
  };
  auto [listener, name] = bound("listener");
  auto [client, client_name] = bound("client");
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  base::UniqueFd accepted;
  base::Address peer;
  run(accept_one(loop(), listener.get(), accepted, peer));
  EXPECT_EQ(peer.family(), AF_UNIX);
  EXPECT_EQ(peer.text(), "unix:");
  ::unlink(name.sun_path);
  ::unlink(client_name.sun_path);
  ::rmdir(directory.c_str());
}

Task<void> accept_until(Loop& loop, int fd, Stop& stop, int& out) {
  out = co_await Accept(loop, fd, Until(&stop));
}

TEST_F(OperationsTest, a_stopped_accept_takes_no_connection_from_the_queue) {
  base::Address address;
  base::UniqueFd listener = loopback_listener(address);
  Stop stop;
  int result = 0;
  start(accept_until(loop(), listener.get(), stop, result));
  loop().turn(false);
  stop.request();
  finish();
  EXPECT_EQ(result, -ECANCELED);
  base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), accepted;
  EXPECT_EQ(::connect(client.get(), address.data(), address.size()), 0);
  base::Address peer;
  run(accept_one(loop(), listener.get(), accepted, peer));
  EXPECT_TRUE(accepted);
}

// --- bells and pipes ----------------------------------------------------------------------------

Task<void> read_bell(Loop& loop, int fd, uint64_t& value) {
  int n = co_await Read(loop, fd, std::as_writable_bytes(std::span(&value, 1)), forever());
  EXPECT_EQ(n, 8);
}

Task<void> ring_bell(Loop& loop, int fd) {
  uint64_t one = 3;
  std::string_view bytes(reinterpret_cast<char*>(&one), sizeof(one));
  int n = co_await Write(loop, fd, bytes, forever());
  EXPECT_EQ(n, 8);
}

TEST_F(OperationsTest, an_armed_read_is_woken_by_a_bell) {
  base::UniqueFd bell(::eventfd(0, EFD_CLOEXEC));
  uint64_t value = 0;
  start(read_bell(loop(), bell.get(), value));
  loop().turn(false);
  start(ring_bell(loop(), bell.get()));
  finish();
  EXPECT_EQ(value, 3u);
}

TEST_F(OperationsTest, a_receive_stays_small_because_every_idle_connection_has_one) {
  EXPECT_LE(sizeof(Receive), 136u);
}

}  // namespace
}  // namespace ringwall::io
