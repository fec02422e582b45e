#include "daemon/master/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "daemon/base/unique_fd.h"
#include "daemon/master/pid_file.h"

namespace ringwall::master {
namespace {

/// systemd's end, at an abstract address.
class Listening {
 public:
  Listening() : name_("@ringwall-notify-test-" + std::to_string(getpid())) {
    fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    address.sun_path[0] = '\0';
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())),
              0);
  }
  const std::string& name() const { return name_; }
  std::string heard() {
    char text[512];
    ssize_t n = recv(fd_.get(), text, sizeof(text), MSG_DONTWAIT);
    return n > 0 ? std::string(text, static_cast<size_t>(n)) : "";
  }

 private:
  std::string name_;
  base::UniqueFd fd_;
};

TEST(NotifyTest, EachEventHasItsWords) {
  Listening systemd;
  Notify notify(systemd.name());
  notify.ready("2 workers");
  EXPECT_EQ(systemd.heard(), "READY=1\nSTATUS=2 workers");
  notify.reloading();
  EXPECT_TRUE(systemd.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notify.stopping("bye");
  EXPECT_EQ(systemd.heard(), "STOPPING=1\nSTATUS=bye");
  notify.main_pid(17);
  EXPECT_EQ(systemd.heard(), "MAINPID=17");
}

TEST(NotifyTest, WithoutAListenerNothingHappens) {
  Notify("").ready("x");
  Notify("/no/such/socket").ready("x");
  Notify(std::string(500, 'x')).ready("x");
}

class PidFileTest : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "ringwall-pid-" + std::to_string(getpid());
  std::string text() {
    char text[64] = {};
    FILE* file = std::fopen(path_.c_str(), "r");
    if (file == nullptr) return "";
    size_t n = std::fread(text, 1, sizeof(text), file);
    std::fclose(file);
    return std::string(text, n);
  }
};

TEST_F(PidFileTest, ItNamesThisProcessAndGoesWithIt) {
  {
    PidFile file;
    ASSERT_TRUE(file.write(path_));
    EXPECT_EQ(text(), std::to_string(getpid()) + "\n");
  }
  EXPECT_EQ(text(), "");
}

TEST_F(PidFileTest, AFileThatNamesAnotherStays) {
  {
    PidFile file;
    ASSERT_TRUE(file.write(path_));
    FILE* other = std::fopen(path_.c_str(), "w");
    std::fputs("1\n", other);
    std::fclose(other);
  }
  EXPECT_EQ(text(), "1\n") << "the new master's";
  unlink(path_.c_str());
}

TEST_F(PidFileTest, APlaceThatCanNotBeWrittenIsTold) {
  PidFile file;
  auto status = file.write("/no/such/directory/pid");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("/no/such/directory/pid"), std::string::npos);
}

}  // namespace
}  // namespace ringwall::master
