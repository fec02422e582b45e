#include "daemon/io/probe.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "daemon/io/loop.h"

namespace ringwall::io {
namespace {

/// From now on io_uring_setup answers `os_error` in this process.
void refuse_io_uring(int os_error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(os_error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {.len = std::size(program), .filter = program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) std::abort();
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) std::abort();
}

/// Says what the probe says and ends this process, with 1 as ringwalld would.
[[noreturn]] void probe_and_exit() {
  auto status = probe();
  std::fprintf(stderr, "%s\n", status ? "fine" : status.error().what.c_str());
  std::_Exit(status ? 0 : 1);
}

[[noreturn]] void probe_refused_by(int os_error) {
  refuse_io_uring(os_error);
  probe_and_exit();
}

TEST(Probe, finds_all_that_is_needed_here) {
  auto status = probe();
  EXPECT_TRUE(status.ok()) << status.error().what;
}

TEST(ProbeDeathTest, a_seccomp_filter_that_forbids_is_named_with_what_to_allow) {
  EXPECT_EXIT(probe_refused_by(EPERM), testing::ExitedWithCode(1),
              "^io_uring is not permitted: a seccomp filter refuses it .*allow io_uring_setup, "
              "io_uring_enter and io_uring_register in its profile");
}

TEST(ProbeDeathTest, a_sandbox_that_hides_it_is_told_from_one_that_forbids) {
  EXPECT_EXIT(probe_refused_by(ENOSYS), testing::ExitedWithCode(1),
              "^io_uring is not there: .*CONFIG_IO_URING, or a seccomp profile");
}

TEST(ProbeDeathTest, an_old_kernel_and_exhausted_limits_are_told_apart) {
  EXPECT_EXIT(probe_refused_by(EINVAL), testing::ExitedWithCode(1),
              "^ringwall needs Linux 6.1 or newer, this is [0-9]+");
  EXPECT_EXIT(probe_refused_by(ENOMEM), testing::ExitedWithCode(1), "LimitMEMLOCK");
  EXPECT_EXIT(probe_refused_by(EMFILE), testing::ExitedWithCode(1), "LimitNOFILE");
  EXPECT_EXIT(probe_refused_by(EIO), testing::ExitedWithCode(1),
              "^io_uring cannot be set up: Input/output error");
}

TEST(Probe, the_loop_fails_with_the_same_sentence) {
  EXPECT_EXIT(
      {
        refuse_io_uring(EPERM);
        auto loop = Loop::create();
        std::fprintf(stderr, "%s\n", loop ? "fine" : loop.error().what.c_str());
        std::_Exit(loop ? 0 : 1);
      },
      testing::ExitedWithCode(1), "^io_uring is not permitted: a seccomp filter");
}

}  // namespace
}  // namespace ringwall::io
