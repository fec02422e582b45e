#include "daemon/control/server.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "tests/unit/io/support.h"

namespace ringwall::control {
namespace {

using io::Task;

/// Answers with the method's name; some methods do more.
class Echo final : public Handler {
 public:
  explicit Echo(io::Loop& loop) : loop_(loop) {}

  Task<Answer> answer(const Call& call) override {
    if (call.method.method == Method::reload) {
      call.progress("halfway");
      co_await io::YieldTurn();
    }
    if (call.method.method == Method::backend_drain) {
      waiting = true;
      co_await io::Sleep(loop_, io::Until(&call.gone));
      released = true;
    }
    if (call.method.method == Method::stop) {
      co_return base::fail(RpcError(Outcome::refused, "not now"));
    }
    if (call.method.method == Method::cache_snapshot_save) {
      if (call.descriptor < 0) co_return Answer(Json{{"wrote", 0}});
      ssize_t n = ::write(call.descriptor, "text", 4);
      co_return Answer(Json{{"wrote", n}});
    }
    Json result = {{"method", std::string(call.method.name)},
                   {"level", std::string(name_of(call.level))}};
    co_return Answer(std::move(result));
  }

  bool waiting = false;
  bool released = false;

 private:
  io::Loop& loop_;
};

class ServerTest : public io::LoopTest {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() /
                 ("ringwall-server-" + std::to_string(getpid()) + "-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directory(directory_);
    path_ = directory_ / "sock";
    auto bound = bind_control_socket(path_, std::nullopt);
    ASSERT_TRUE(bound) << bound.error().what;
    listening_ = std::move(*bound);
    handler_ = std::make_unique<Echo>(loop());
    server_ = std::make_unique<Server>(loop(), *handler_);
    server_->begin(listening_.get(), getegid());
  }
  void TearDown() override {
    run(server_->end());
    std::filesystem::remove_all(directory_);
  }
  base::UniqueFd connected() {
    base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = base::Address::parse("unix:" + path_);
    EXPECT_EQ(connect(fd.get(), address->data(), address->size()), 0);
    return fd;
  }
  /// What the client gets until `lines` newlines or the end have come.
  std::string answers(int fd, int lines) {
    std::string got;
    turn_until([&] {
      char piece[4096];
      ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
      if (n > 0) got.append(piece, static_cast<size_t>(n));
      return n == 0 || std::count(got.begin(), got.end(), '\n') >= lines;
    });
    return got;
  }
  std::string ask(int fd, std::string_view text, int lines) {
    io::write_all(fd, text);
    return answers(fd, lines);
  }

  std::filesystem::path directory_;
  std::string path_;
  base::UniqueFd listening_;
  std::unique_ptr<Echo> handler_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, ARequestIsAnsweredWithItsIdAndTheCallersLevel) {
  auto client = connected();
  std::string got = ask(client.get(), request_text(7, "status", Json::object()), 1);
  Json answer = Json::parse(got);
  EXPECT_EQ(answer["id"], 7);
  EXPECT_EQ(answer["result"]["method"], "status");
  EXPECT_EQ(answer["result"]["level"], "admin") << "our own user may everything";
}

TEST_F(ServerTest, RequestsOfOneClientAreAnsweredInOrderHoweverTheyAreCut) {
  auto client = connected();
  std::string text = request_text(1, "status", Json::object()) +
                     request_text(2, "stats", Json::object()) +
                     request_text(3, "metrics", Json::object());
  io::write_all(client.get(), text.substr(0, 100));
  loop().turn(false);
  std::string got = ask(client.get(), text.substr(100), 3);
  size_t first = got.find("\"id\":1");
  size_t second = got.find("\"id\":2");
  size_t third = got.find("\"id\":3");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

/// The descriptors that this process has open.
size_t open_descriptors() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

/// Sends `text` with these descriptors.
void send_with(int fd, std::string text, const std::vector<int>& descriptors) {
  iovec piece = {text.data(), text.size()};
  std::vector<char> room(CMSG_SPACE(descriptors.size() * sizeof(int)));
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = room.size();
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  std::memcpy(CMSG_DATA(control), descriptors.data(), descriptors.size() * sizeof(int));
  EXPECT_EQ(sendmsg(fd, &header, 0), static_cast<ssize_t>(text.size()));
}

TEST_F(ServerTest, ADescriptorIsForTheRequestThatItCameWithAndThenClosed) {
  auto client = connected();
  base::UniqueFd file(memfd_create("file", MFD_CLOEXEC));
  std::string save = request_text(1, "cache.snapshot.save", Json::object());
  ask(client.get(), request_text(0, "status", Json::object()), 1);
  size_t before = open_descriptors();
  send_with(client.get(), save, {file.get()});
  EXPECT_EQ(Json::parse(answers(client.get(), 1))["result"]["wrote"], 4);
  EXPECT_EQ(Json::parse(ask(client.get(), save, 1))["result"]["wrote"], 0) << "it had none";
  EXPECT_EQ(lseek(file.get(), 0, SEEK_END), 4);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ServerTest, DescriptorsThatNobodyWantsAreClosed) {
  auto client = connected();
  base::UniqueFd file(memfd_create("file", MFD_CLOEXEC));
  std::string status = request_text(1, "status", Json::object());
  ask(client.get(), status, 1);
  size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    send_with(client.get(), status, std::vector<int>(10, file.get()));
    EXPECT_NE(answers(client.get(), 1), "");
  }
  // One that comes with the first half of a request waits for the other half.
  send_with(client.get(), status.substr(0, 10), {file.get()});
  ask(client.get(), status.substr(10), 1);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ServerTest, ProgressComesBeforeTheReply) {
  auto client = connected();
  std::string got = ask(client.get(), request_text(1, "reload", Json::object()), 2);
  EXPECT_LT(got.find("halfway"), got.find("\"result\""));
  EXPECT_NE(got.find("\"result\""), std::string::npos);
}

TEST_F(ServerTest, WhatIsWrongGetsAnErrorAndTheConnectionGoesOn) {
  auto client = connected();
  std::string got = ask(client.get(), "junk\n{\"id\":1}\n\n", 2);
  EXPECT_NE(got.find(std::to_string(rpc_parse_error)), std::string::npos);
  EXPECT_NE(got.find(std::to_string(rpc_invalid_request)), std::string::npos);
  got = ask(client.get(), request_text(2, "no.such", Json::object()), 1);
  EXPECT_NE(got.find(std::to_string(rpc_method_not_found)), std::string::npos);
  got = ask(client.get(), request_text(3, "stop", Json::object()), 1);
  EXPECT_EQ(Json::parse(got)["error"]["code"], static_cast<int>(Outcome::refused));
  got = ask(client.get(), request_text(4, "status", Json::object()), 1);
  EXPECT_EQ(Json::parse(got)["id"], 4);
}

TEST_F(ServerTest, ANotificationIsCarriedOutWithoutReply) {
  auto client = connected();
  io::write_all(client.get(), "{\"jsonrpc\":\"2.0\",\"method\":\"reload\"}\n");
  std::string got = ask(client.get(), request_text(5, "status", Json::object()), 1);
  EXPECT_EQ(Json::parse(got)["id"], 5) << got;
}

TEST_F(ServerTest, ALineWithoutEndIsRefusedAndTheClientCutOff) {
  auto client = connected();
  std::string got;
  std::string piece(64 * 1024, 'x');
  turn_until([&] {
    char room[4096];
    send(client.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ssize_t n = recv(client.get(), room, sizeof(room), MSG_DONTWAIT);
    if (n > 0) got.append(room, static_cast<size_t>(n));
    return n == 0 || (n < 0 && errno != EAGAIN);
  });
  EXPECT_NE(got.find("too long"), std::string::npos) << got;
}

TEST_F(ServerTest, WhoeverWaitsForAClientLearnsThatItHasLeft) {
  auto client = connected();
  io::write_all(client.get(), request_text(1, "backend.drain", {{"backend", "b"}}));
  turn_until([&] { return handler_->waiting; });
  client.reset();
  turn_until([&] { return handler_->released; });
}

TEST_F(ServerTest, TheEndReleasesWhoeverWaits) {
  auto client = connected();
  io::write_all(client.get(), request_text(1, "backend.drain", {{"backend", "b"}}));
  turn_until([&] { return handler_->waiting; });
  run(server_->end());
  EXPECT_TRUE(handler_->released);
  handler_->waiting = false;
  server_ = std::make_unique<Server>(loop(), *handler_);
}

TEST_F(ServerTest, TheSocketIsForOwnerAndGroupAlone) {
  struct stat status = {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
}

TEST_F(ServerTest, ALivingSocketIsNotTakenADeadOneIs) {
  auto second = bind_control_socket(path_, std::nullopt);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("another"), std::string::npos);
  std::string dead = directory_ / "dead";
  { auto left = bind_control_socket(dead, std::nullopt); }
  EXPECT_TRUE(bind_control_socket(dead, std::nullopt));
  std::string file = directory_ / "file";
  { std::filesystem::create_directory(file); }
  EXPECT_FALSE(bind_control_socket(file, std::nullopt)) << "what is no socket is not removed";
}

}  // namespace
}  // namespace ringwall::control
