#include "daemon/control/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "daemon/io/operations.h"

namespace ringwall::control {

base::Result<Signals> Signals::take(std::initializer_list<int> wanted,
                                    std::initializer_list<int> ignored) {
  for (int number : ignored) signal(number, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int number : wanted) sigaddset(&set, number);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return base::fail(base::os_failure("signals cannot be blocked", errno));
  }
  Signals signals;
  signals.fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return base::fail(base::os_failure("no signalfd", errno));
  return signals;
}

io::Task<int> Signals::next(io::Loop& loop, io::Until until) {
  for (;;) {
    signalfd_siginfo info = {};
    // A poll, not a read: before Linux 6.10 a read would occupy a kernel thread while it waits.
    if (::read(fd_.get(), &info, sizeof(info)) == sizeof(info)) {
      co_return static_cast<int>(info.ssi_signo);
    }
    io::Poll poll(loop, fd_.get(), POLLIN, until);
    int events = co_await poll;
    if (events < 0) co_return events;
  }
}

}  // namespace ringwall::control
