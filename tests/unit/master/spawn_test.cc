#include "daemon/master/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

namespace ringwall::master {
namespace {

worker::Heritage empty_heritage() {
  worker::Heritage heritage;
  heritage.doorbells.fill(-1);
  return heritage;
}

/// Waits for the child and tells how it ended.
siginfo_t end_of(const Spawned& child) {
  pollfd end = {child.pidfd.get(), POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 20'000), 1);
  siginfo_t info = {};
  EXPECT_EQ(waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED), 0);
  return info;
}

siginfo_t run_shell(const std::string& script, const worker::Heritage& heritage) {
  auto child = spawn("/bin/sh", {"sh", "-c", script}, heritage);
  EXPECT_TRUE(child) << child.error().what;
  return end_of(*child);
}

TEST(SpawnTest, AChildHasWhatItsHeritageNamesAndNothingElse) {
  base::UniqueFd named(open("/dev/null", O_RDONLY | O_CLOEXEC));
  base::UniqueFd unnamed(open("/dev/null", O_RDONLY | O_CLOEXEC));
  worker::Heritage heritage = empty_heritage();
  heritage.bundle = named.get();
  std::string script = "[ -e /proc/self/fd/" + std::to_string(named.get()) +
                       " ] || exit 1; [ -e /proc/self/fd/" + std::to_string(unnamed.get()) +
                       " ] && exit 2; [ -e /proc/self/fd/$RINGWALL_HERITAGE ] || exit 3; exit 42";
  siginfo_t info = run_shell(script, heritage);
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_status, 42);
  EXPECT_NE(fcntl(named.get(), F_GETFD) & FD_CLOEXEC, 0) << "here it closes at exec as before";
}

TEST(SpawnTest, SignalsBlockedHereAreNotBlockedThere) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  siginfo_t info = run_shell("kill -TERM $$; exit 0", empty_heritage());
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGTERM);
  EXPECT_EQ(describe_end(info.si_code, info.si_status), "signal 15 (Terminated)");
}

TEST(SpawnTest, AFileThatCanNotBeExecutedIsToldWithItsName) {
  auto child = spawn("/no/such/file", {"x"}, empty_heritage());
  ASSERT_FALSE(child);
  EXPECT_NE(child.error().what.find("/no/such/file"), std::string::npos);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no zombie is left";
}

TEST(SpawnTest, EndsHaveWords) {
  EXPECT_EQ(describe_end(CLD_EXITED, 3), "exit code 3");
  EXPECT_EQ(describe_end(CLD_DUMPED, SIGSEGV), "signal 11 (Segmentation fault), core dumped");
}

}  // namespace
}  // namespace ringwall::master
