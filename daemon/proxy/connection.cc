#include "daemon/proxy/connection.h"

#include "daemon/proxy/exchange.h"

namespace ringwall::proxy {
namespace {

// How much a client may go on sending after our last response, and how long, before we close.
constexpr size_t linger_bytes_max = 1 << 20;
constexpr base::Duration linger_time = std::chrono::seconds(2);

}  // namespace

io::Task<void> serve_connection(Facilities& facilities, Connection& c) {
  for (;;) {
    if (c.input.empty()) {
      c.input.release();
      c.idle = true;
      base::Duration idle = facilities.current->config.http.idle_timeout;
      io::Until until(facilities.loop.now() + idle, &c.idle_end);
      io::Receive receive = c.stream.receive(until);
      int n = co_await receive;
      c.idle = false;
      if (n == -ETIME) facilities.stats.add(stats::Counter::timeouts_idle);
      if (n <= 0) break;
      c.input.adopt(std::move(receive.chunk), static_cast<size_t>(n));
    }
    bool again = co_await serve_exchange(facilities, c);
    if (!again) break;
  }
  c.input.release();
  if (c.linger) {
    io::Until until(facilities.loop.now() + linger_time, &facilities.cut);
    co_await net::linger(c.stream, linger_bytes_max, until);
  }
}

}  // namespace ringwall::proxy
