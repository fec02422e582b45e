// The scripted origin of the scenario tests: HTTP/1.1, steered by the query of each request
// (origin_answer.h), with counters, a log of raw requests and gates below /_ctl/ (origin_ledger.h),
// where its answers can be changed at run time too (origin_script.h).
//
//   origin [--port N] [--name NAME] [--unix PATH]
//
// Prints "port N" when it listens. A thread per connection with blocking calls, so that each answer
// reads from top to bottom. No code of ringwall in it: what both got wrong would not show.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "tests/support/origin_answer.h"
#include "tests/support/origin_script.h"

namespace ringwall::support {
namespace {

Ledger& ledger() {
  static Ledger* const ledger = new Ledger;  // threads use it until the process ends
  return *ledger;
}

Script& script() {
  static Script* const script = new Script;
  return *script;
}

std::string control(const Request& request) {
  const std::string what = request.path.substr(6);
  if (what.starts_with("set/")) return script().set(what.substr(3), request.options), "set\n";
  if (what.starts_with("unset/")) return script().unset(what.substr(5)), "unset\n";
  if (what == "reset") script().reset();
  return ledger().control(what);
}

bool answer_control(int fd, const Request& request) {
  const std::string body = control(request);
  return send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body);
}

void serve(int fd, const std::string& name, uint64_t connection) {
  Input input(fd);
  Exchange exchange{fd, name, input, ledger(), connection};
  bool counted = false;
  for (;;) {
    Request request;
    if (!input.read_head(request)) break;
    if (request.path.starts_with("/_ctl/")) {
      if (!answer_control(fd, request)) break;
      continue;
    }
    if (!counted) ledger().opened();
    counted = true;
    exchange.nth = ledger().begin(request, connection);
    script().apply(request);
    if (exchange.drop_next) {
      reset_connection(fd);
      break;
    }
    if (!answer(exchange, request)) break;
  }
  close(fd);
  if (counted) ledger().closed();
}

int listen_on(const std::string& unix_path, uint16_t port) {
  const int fd = socket(unix_path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::strncpy(un.sun_path, unix_path.c_str(), sizeof un.sun_path - 1);
  const int bound = unix_path.empty() ? bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in)
                                      : bind(fd, reinterpret_cast<sockaddr*>(&un), sizeof un);
  if (bound != 0 || listen(fd, 4096) != 0) {
    std::perror("origin: listen");
    std::exit(1);
  }
  if (unix_path.empty()) {
    socklen_t length = sizeof in;
    getsockname(fd, reinterpret_cast<sockaddr*>(&in), &length);
    port = ntohs(in.sin_port);
  }
  std::printf("port %u\n", port);
  std::fflush(stdout);
  return fd;
}

[[noreturn]] void run(int listener, const std::string& name) {
  for (uint64_t connection = 1;; ++connection) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::thread(serve, fd, std::cref(name), connection).detach();
  }
}

}  // namespace
}  // namespace ringwall::support

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  std::string name = "origin";
  std::string unix_path;
  uint16_t port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--port") port = static_cast<uint16_t>(std::atoi(argv[i + 1]));
    if (option == "--name") name = argv[i + 1];
    if (option == "--unix") unix_path = argv[i + 1];
  }
  ringwall::support::run(ringwall::support::listen_on(unix_path, port), name);
}
