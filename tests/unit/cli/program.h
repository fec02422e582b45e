// Runs the built ringwallctl, as the user the test names, and keeps its exit code and what it printed.
// For one test at a time: it waits for the program to end. And the usual answers of a fake daemon.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/control/encoding.h"
#include "tests/unit/cli/fake_daemon.h"

namespace ringwall::cli {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

inline std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// `user`: run as this user id; 0: as we are.
inline Ran run_program(std::vector<std::string> arguments, unsigned user = 0) {
  TemporaryDirectory directory;
  std::string out = directory.path() + "/out", err = directory.path() + "/err";
  arguments.insert(arguments.begin(), std::getenv("RINGWALLCTL"));
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    ::unsetenv("RINGWALL_SOCKET");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int program = ::open(argv[0], O_PATH | O_CLOEXEC);  // the user may not reach its path
    if (user != 0 && (::setgid(user) != 0 || ::setuid(user) != 0)) ::_exit(99);
    ::fexecve(program, argv.data(), environ);
    ::_exit(98);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_text(out), file_text(err)};
}

/// A daemon that answers every request with this report.
template <class Report>
FakeDaemon::Answer giving(Report report) {
  return [report](const control::Request& request) {
    return control::result_text(request.id, control::encode(report));
  };
}

inline FakeDaemon::Answer refusing(control::RpcError error) {
  return [error](const control::Request& request) { return control::error_text(request.id, error); };
}

/// ringwallctl with these words, asking that daemon.
inline Ran ask(const FakeDaemon& daemon, std::vector<std::string> words) {
  words.push_back("--socket");
  words.push_back(daemon.socket());
  return run_program(words);
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ringwall::cli
