// What the runtime itself costs: a bare responder on the loop. One coroutine a connection receives
// a head, looks for its end and sends a fixed response of 1 KiB; no parsing, no routing, no log.
//
//   io_bench PORT [CONTENT_BYTES]     serves on 127.0.0.1 until standard input ends, then tells the
//                                     processor time and the loop's counts per request
//
// Compare with nginx `return 200` under the same load (wrk -t1 -c64, pinned to another processor).
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/net/stream.h"

namespace ringwall {
namespace {

struct Server {
  io::Loop& loop;
  io::TaskGroup connections;
  std::string response;
  io::Stop stop;
  uint64_t requests = 0;

  io::Until soon() { return io::Until(loop.now() + std::chrono::seconds(60), &stop); }
};

io::Task<void> serve(Server& server, base::UniqueFd fd) {
  net::Stream stream(server.loop, std::move(fd));
  for (;;) {
    io::Receive receive = stream.receive(server.soon());
    int n = co_await receive;
    if (n <= 0) co_return;
    std::string_view head(receive.chunk.chars(), static_cast<size_t>(n));
    if (!head.ends_with("\r\n\r\n")) co_return;
    ++server.requests;
    io::Send send = stream.send(server.response, server.soon());
    int sent = co_await send;
    if (sent < static_cast<int>(server.response.size())) co_return;
  }
}

io::Task<void> accept_all(Server& server, int listener) {
  for (;;) {
    io::Accept accept(server.loop, listener, io::Until(&server.stop));
    int fd = co_await accept;
    if (fd == -ECANCELED) co_return;
    if (fd < 0) continue;
    net::set_stream_options(fd);
    server.connections.spawn(serve(server, base::UniqueFd(fd)));
  }
}

io::Task<void> stop_at_end_of_input(Server& server) {
  std::byte room[64];
  int n = 1;
  while (n > 0) {
    io::Read read(server.loop, STDIN_FILENO, room, io::Until());
    n = co_await read;
  }
  server.stop.request();
  co_await server.connections.wait();
  server.loop.stop();
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

void report(const Server& server) {
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  auto requests = static_cast<double>(server.requests);
  double user = seconds(used.ru_utime) * 1e6 / requests;
  double kernel = seconds(used.ru_stime) * 1e6 / requests;
  const io::Loop::Counters& counters = server.loop.counters();
  fmt::print("{} requests, {:.2f} us each (user {:.2f}, kernel {:.2f}), {:.3f} enters each\n",
             server.requests, user + kernel, user, kernel,
             static_cast<double>(counters.enters) / requests);
}

int run(const char* port, size_t content_bytes) {
  auto address = base::Address::parse(std::string("127.0.0.1:") + port);
  auto loop = io::Loop::create();
  if (!address || !loop) {
    fmt::print(stderr, "{}\n", address ? loop.error().what : address.error().what);
    return 1;
  }
  base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(listener.get(), address->data(), address->size()) != 0 ||
      ::listen(listener.get(), 1024) != 0) {
    std::perror("listen");
    return 1;
  }
  Server server{.loop = **loop, .connections = {}, .response = {}, .stop = {}};
  server.response = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{:x<{}}",
                                content_bytes, "", content_bytes);
  io::TaskGroup mains;
  mains.spawn(accept_all(server, listener.get()));
  mains.spawn(stop_at_end_of_input(server));
  (*loop)->run();
  while (!mains.empty()) (*loop)->turn(false);
  report(server);
  return 0;
}

}  // namespace
}  // namespace ringwall

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: io_bench PORT [CONTENT_BYTES]\n");
    return 2;
  }
  return ringwall::run(argv[1], argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1024);
}
