#include "daemon/master/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace ringwall::master {
namespace {

std::vector<std::string> environment_with(const std::string& addition) {
  std::vector<std::string> out;
  std::string name = std::string(worker::heritage_variable) + "=";
  for (char** each = environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with(name)) out.emplace_back(*each);
  }
  out.push_back(name + addition);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// Between vfork and exec: the memory is the parent's, only the descriptor table and the signal
/// mask are our own. Nothing but system calls.
[[noreturn]] void become(const char* path, char* const* arguments, char* const* environment,
                         const int* inherited, size_t count, volatile int* error) {
  for (size_t i = 0; i < count; ++i) fcntl(inherited[i], F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(path, arguments, environment);
  *error = errno;
  _exit(127);
}

}  // namespace

base::Result<Spawned> spawn(const std::string& path, const std::vector<std::string>& arguments,
                            const worker::Heritage& heritage) {
  auto memory = worker::write_heritage(heritage);
  if (!memory) return base::fail(std::move(memory.error()));
  std::vector<int> inherited = heritage.descriptors();
  inherited.push_back(memory->get());
  std::vector<std::string> environment = environment_with(std::to_string(memory->get()));
  std::vector<char*> argument_list = pointers(arguments);
  std::vector<char*> environment_list = pointers(environment);
  volatile int error = 0;
  // vfork: no copy of the page tables, and the error of exec comes back through `error`.
  pid_t pid = vfork();
  if (pid == 0) {
    become(path.c_str(), argument_list.data(), environment_list.data(), inherited.data(),
           inherited.size(), &error);
  }
  if (pid < 0) return base::fail(base::os_failure("no new process", errno));
  if (error != 0) {
    waitpid(pid, nullptr, 0);
    return base::fail(base::os_failure(path + " cannot be executed", error));
  }
  Spawned child;
  child.pid = pid;
  // glibc 2.36 declares its pidfd_open without C linkage.
  child.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd) {
    int reason = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return base::fail(base::os_failure("no descriptor for a child", reason));
  }
  return child;
}

bool is_fault(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
         signal == SIGFPE;
}

std::string describe_end(int code, int status) {
  if (code == CLD_EXITED) return fmt::format("exit code {}", status);
  return fmt::format("signal {} ({}){}", status, strsignal(status),
                     code == CLD_DUMPED ? ", core dumped" : "");
}

}  // namespace ringwall::master
