#include "daemon/io/probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"

namespace ringwall::io {
namespace {

std::string read_small_file(const char* path) {
  base::UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 16384> text;  // long enough for a process in many groups
  ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  return n > 0 ? std::string(text.data(), static_cast<size_t>(n)) : std::string();
}

std::string kernel_release() {
  utsname name = {};
  uname(&name);
  return name.release;
}

base::Error explain_eperm() {
  std::string disabled = read_small_file("/proc/sys/kernel/io_uring_disabled");
  if (!disabled.empty() && disabled.front() != '0') {
    return base::Error(fmt::format(
        "io_uring is not permitted: the sysctl kernel.io_uring_disabled is {}; set it to 0 (sysctl "
        "-w kernel.io_uring_disabled=0){}",
        disabled.front(),
        disabled.front() == '1' ? " or put ringwall's group into kernel.io_uring_group" : ""));
  }
  std::string status = read_small_file("/proc/self/status");
  bool filtered = status.find("\nSeccomp:\t2") != std::string::npos;
  return base::Error(
      filtered ? "io_uring is not permitted: a seccomp filter refuses it (container runtimes do by "
                 "default); allow io_uring_setup, io_uring_enter and io_uring_register in its "
                 "profile"
               : "io_uring is not permitted: a security module refuses it; allow io_uring for "
                 "ringwalld");
}

struct Needed {
  int opcode;
  std::string_view name;
};
constexpr std::array<Needed, 9> needed = {{{IORING_OP_ACCEPT, "ACCEPT"},
                                           {IORING_OP_CONNECT, "CONNECT"},
                                           {IORING_OP_RECV, "RECV"},
                                           {IORING_OP_SEND, "SEND"},
                                           {IORING_OP_SENDMSG, "SENDMSG"},
                                           {IORING_OP_READ, "READ"},
                                           {IORING_OP_WRITE, "WRITE"},
                                           {IORING_OP_POLL_ADD, "POLL_ADD"},
                                           {IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL"}}};

}  // namespace

base::Error explain_setup_failure(int os_error) {
  switch (os_error) {
    case EPERM:
    case EACCES:
      return explain_eperm();
    case ENOSYS:
      return base::Error(
          "io_uring is not there: this kernel is built without it or a sandbox hides it; use a "
          "kernel with CONFIG_IO_URING, or a seccomp profile that allows io_uring_setup, "
          "io_uring_enter and io_uring_register");
    case EINVAL:
      return base::Error(
          fmt::format("ringwall needs Linux 6.1 or newer, this is {}", kernel_release()));
    case ENOMEM:
      return base::Error(
          "no memory for io_uring: raise the memory limit or the lock limit (LimitMEMLOCK=, ulimit "
          "-l)");
    case EMFILE:
    case ENFILE:
      return base::Error("no descriptor left for io_uring: raise LimitNOFILE= (ulimit -n)");
    default:
      return base::os_failure("io_uring cannot be set up", os_error);
  }
}

base::Status probe() {
  LoopOptions options;
  options.posted_chunks = 2;
  auto loop = Loop::create(options);
  if (!loop) return base::fail(std::move(loop.error()));
  io_uring_probe* answer = io_uring_get_probe();
  if (answer == nullptr) return base::fail("io_uring does not tell which operations it has");
  std::string missing;
  for (const Needed& one : needed) {
    if (io_uring_opcode_supported(answer, one.opcode) == 0) {
      missing += missing.empty() ? "" : ", ";
      missing += one.name;
    }
  }
  io_uring_free_probe(answer);
  if (missing.empty()) return {};
  return base::fail(
      fmt::format("io_uring lacks {} here; ringwall needs Linux 6.1 or newer, this is {}", missing,
                  kernel_release()));
}

}  // namespace ringwall::io
