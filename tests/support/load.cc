// The load generator of the scenario tests: many kept connections, every byte of every answer
// checked (content.h), every failure counted by its kind (load_tally.h). Ends with one JSON object.
//
//   load --port N [--conns N] (--path P | --paths FILE) [--host H]
//        [--seconds S] [--requests N]  ends then
//        [--until-eof]                 ends when standard input closes; prints "ok N" now and then
//        [--abort PCT]                 gives up that share of requests at a random byte
//        [--close PCT]                 sends that share with Connection: close
//        [--herd]                      one request on each connection, all at the same moment
//        [--idle]                      one request on each, prints "ready", waits for standard
//                                      input to close, then one more on each
//        [--timeout S] [--seed N]
// "%d" in a path becomes a running number. Requests under way at the end are waited for. One
// thread, epoll.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/support/load_response.h"
#include "tests/support/load_tally.h"

namespace ringwall::support {
namespace {

struct Options {
  uint16_t port = 0;
  unsigned conns = 16, abort_percent = 0, close_percent = 0;
  std::vector<std::string> paths;
  std::string host = "localhost";
  double seconds = 0, timeout = 30;
  uint64_t requests = 0, seed = 1;
  bool herd = false, idle = false, until_eof = false;
};

uint64_t now_us() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

enum class Step { closed, connecting, ready, busy, done };

struct Connection {
  int fd = -1;
  Step step = Step::closed;
  Response response;
  std::string path;
  uint64_t began_us = 0, retry_us = 0, served = 0;
  uint64_t abort_at = UINT64_MAX;  // of the body; then the client goes away
  bool close_after = false;
};

class Load {
 public:
  explicit Load(Options options)
      : options_(std::move(options)), random_(options_.seed), connections_(options_.conns) {}
  int run();

 private:
  void connect(Connection& c);
  void not_connected(Connection& c);
  void request(Connection& c);
  void readable(Connection& c);
  void ended(Connection& c, bool orderly);
  void whole(Connection& c);
  void failed(Connection& c, uint64_t& counter, const std::string& what);
  void drop(Connection& c);
  void advance(Connection& c);
  void check_input();
  bool more_wanted() const;
  bool finished();
  unsigned percent() { return static_cast<unsigned>(random_() % 100); }

  Options options_;
  std::mt19937_64 random_;
  std::vector<Connection> connections_;
  Tally tally_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  uint64_t start_us_ = 0, issued_ = 0, sequence_ = 0, said_ok_ = 0, said_us_ = 0;
  bool stopping_ = false, released_ = false, second_round_ = false, said_ready_ = false;
};

void Load::drop(Connection& c) {
  if (c.fd >= 0) close(c.fd);
  c.fd = -1;
  c.served = 0;
  c.step = (options_.herd || options_.idle) ? Step::done : Step::closed;
}

void Load::failed(Connection& c, uint64_t& counter, const std::string& what) {
  ++counter;
  tally_.note(c.path, what);
  drop(c);
  c.retry_us = now_us() + 1000;
}

void Load::connect(Connection& c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c.fd < 0) {
    std::perror("load: socket");
    std::exit(2);
  }
  ++tally_.connections;
  const int one = 1;
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(options_.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c.step = Step::connecting;
  c.began_us = now_us();
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, {.ptr = &c}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  if (::connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
    failed(c, tally_.connect, std::strerror(errno));
  }
}

void Load::request(Connection& c) {
  const auto& paths = options_.paths;
  c.path = paths.size() == 1 ? paths[0] : paths[random_() % paths.size()];
  if (const size_t at = c.path.find("%d"); at != std::string::npos) {
    c.path.replace(at, 2, std::to_string(sequence_++));
  }
  ++issued_;
  c.response.begin(c.path);
  c.abort_at = UINT64_MAX;
  if (percent() < options_.abort_percent) {
    c.abort_at = random_() % (1 + content_size(c.path).value_or(1024));
  }
  c.close_after = percent() < options_.close_percent;
  const std::string bytes = "GET " + c.path + " HTTP/1.1\r\nHost: " + options_.host + "\r\n" +
                            (c.close_after ? "Connection: close\r\n\r\n" : "\r\n");
  c.began_us = now_us();
  c.step = Step::busy;
  const ssize_t n = send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n != static_cast<ssize_t>(bytes.size())) ended(c, false);
}

int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

/// Refused, or accepted by somebody who went away before we saw that it stood.
void Load::not_connected(Connection& c) {
  const int error = socket_error(c.fd);
  if (error == 0 || error == ECONNRESET) return failed(c, tally_.lost, "reset before it was used");
  failed(c, tally_.connect, std::strerror(error));
}

/// The connection went away: what that means depends on where the exchange stands.
void Load::ended(Connection& c, bool orderly) {
  if (c.step == Step::connecting) return not_connected(c);
  if (c.step != Step::busy) {
    if (options_.idle && c.step == Step::ready) {
      return failed(c, tally_.reset, "idle connection was closed");
    }
    return drop(c);
  }
  if (orderly && c.response.started() && c.response.end() == Response::State::whole) {
    return whole(c);
  }
  const std::string how = orderly ? "closed" : "reset";
  if (!c.response.started()) {
    uint64_t& counter = c.served > 0 ? tally_.reset : tally_.lost;
    return failed(c, counter, how + " before the answer");
  }
  failed(c, tally_.broken,
         how + " after " + std::to_string(c.response.body_bytes()) + " bytes of status " +
             std::to_string(c.response.status()));
}

void Load::whole(Connection& c) {
  const Response& r = c.response;
  ++tally_.statuses[r.status()];
  tally_.bytes += r.body_bytes();
  if (r.hit()) ++tally_.hits;
  if (r.status() != 200) {
    ++tally_.status;
    tally_.note(c.path, "status " + std::to_string(r.status()));
  } else if (!r.matches()) {
    ++tally_.mismatch;
    tally_.note(c.path, r.wrong());
  } else {
    tally_.note_ok(c.began_us, now_us());
  }
  ++c.served;
  c.step = Step::ready;
  if (r.closes() || c.close_after || options_.herd) drop(c);
}

void Load::readable(Connection& c) {
  static char bytes[256 * 1024];
  while (c.fd >= 0) {
    const ssize_t n = recv(c.fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return ended(c, n == 0);
    if (c.step != Step::busy) {
      return failed(c, tally_.mismatch, "bytes that nobody asked for");
    }
    size_t used = 0;
    const auto state = c.response.feed({bytes, static_cast<size_t>(n)}, used);
    if (state == Response::State::broken) return failed(c, tally_.broken, c.response.wrong());
    if (c.response.body_bytes() >= c.abort_at && state == Response::State::more) {
      ++tally_.aborted;
      return drop(c);
    }
    if (state == Response::State::more) continue;
    if (used < static_cast<size_t>(n)) {
      return failed(c, tally_.mismatch, "bytes behind the end of the response");
    }
    whole(c);
    advance(c);
  }
}

bool Load::more_wanted() const {
  return !stopping_ && (options_.requests == 0 || issued_ < options_.requests);
}

/// Begins what is next on a connection that has nothing under way.
void Load::advance(Connection& c) {
  const uint64_t now = now_us();
  if (c.step == Step::closed && now >= c.retry_us && more_wanted()) connect(c);
  if (c.step != Step::ready) return;
  if (options_.herd || options_.idle) {
    const uint64_t rounds = second_round_ ? 2 : 1;
    if (released_ && c.served < rounds) request(c);
    return;
  }
  if (more_wanted()) request(c);
}

void Load::check_input() {
  char byte;
  const ssize_t n = read(0, &byte, 1);
  if (options_.until_eof && !stopping_ && tally_.ok != said_ok_ && now_us() - said_us_ > 10000) {
    said_ok_ = tally_.ok;
    said_us_ = now_us();
    std::printf("ok %lu\n", said_ok_);
    std::fflush(stdout);
  }
  if (n != 0) return;
  if (options_.idle) second_round_ = true;
  if (options_.until_eof) stopping_ = true;
}

bool Load::finished() {
  size_t busy = 0, connecting = 0, waiting = 0;
  for (const Connection& c : connections_) {
    busy += c.step == Step::busy;
    connecting += c.step == Step::connecting || c.step == Step::closed;
    waiting += c.step == Step::ready && c.served < (second_round_ ? 2u : 1u);
  }
  if (options_.herd || options_.idle) {
    if (connecting == 0 && !released_) {
      released_ = true;
      for (Connection& c : connections_) advance(c);
      return false;
    }
    if (!released_ || busy + connecting + waiting > 0) return false;
    if (options_.idle && !second_round_) {
      if (!said_ready_) std::printf("ready\n"), std::fflush(stdout);
      said_ready_ = true;
      return false;
    }
    return true;
  }
  return !more_wanted() && busy == 0;
}

int Load::run() {
  start_us_ = now_us();
  fcntl(0, F_SETFL, O_NONBLOCK);
  for (Connection& c : connections_) advance(c);
  std::vector<epoll_event> events(1024);
  uint64_t looked_us = 0;
  for (;;) {
    const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 2);
    for (int i = 0; i < n; ++i) {
      auto& c = *static_cast<Connection*>(events[i].data.ptr);
      if (c.fd < 0) continue;
      if (c.step == Step::connecting && (events[i].events & EPOLLOUT) != 0) {
        const int error = socket_error(c.fd);
        if (error == ECONNRESET) {
          failed(c, tally_.lost, "reset before it was used");
          continue;
        }
        if (error != 0) {
          failed(c, tally_.connect, std::strerror(error));
          continue;
        }
        c.step = Step::ready;
        advance(c);
      }
      if ((events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable(c);
    }
    const uint64_t now = now_us();
    if (now - looked_us < 1000) continue;
    looked_us = now;
    if (options_.seconds > 0 && static_cast<double>(now - start_us_) > options_.seconds * 1e6) {
      stopping_ = true;
    }
    if (options_.until_eof || options_.idle) check_input();
    for (Connection& c : connections_) {
      const bool late = static_cast<double>(now - c.began_us) > options_.timeout * 1e6;
      if (late && (c.step == Step::busy || c.step == Step::connecting)) {
        failed(c, tally_.timeout, "no whole answer in time");
      }
      advance(c);
    }
    if (finished()) break;
  }
  tally_.print(static_cast<double>(now_us() - start_us_) / 1e6);
  return tally_.failed() == 0 ? 0 : 1;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--herd")
      o.herd = true;
    else if (option == "--idle")
      o.idle = true;
    else if (option == "--until-eof")
      o.until_eof = true;
    else if (i + 1 == argc)
      std::exit(2);
    else {
      const char* value = argv[++i];
      if (option == "--port")
        o.port = static_cast<uint16_t>(std::atoi(value));
      else if (option == "--conns")
        o.conns = static_cast<unsigned>(std::atoi(value));
      else if (option == "--path")
        o.paths.push_back(value);
      else if (option == "--host")
        o.host = value;
      else if (option == "--seconds")
        o.seconds = std::atof(value);
      else if (option == "--timeout")
        o.timeout = std::atof(value);
      else if (option == "--requests")
        o.requests = std::strtoull(value, nullptr, 10);
      else if (option == "--seed")
        o.seed = std::strtoull(value, nullptr, 10);
      else if (option == "--abort")
        o.abort_percent = static_cast<unsigned>(std::atoi(value));
      else if (option == "--close")
        o.close_percent = static_cast<unsigned>(std::atoi(value));
      else if (option == "--paths") {
        std::ifstream file(value);
        for (std::string line; std::getline(file, line);) o.paths.push_back(line);
      } else
        std::exit(2);
    }
  }
  if (o.paths.empty()) o.paths.push_back("/");
  return o;
}

}  // namespace

}  // namespace ringwall::support

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return ringwall::support::Load(ringwall::support::parse(argc, argv)).run();
}
