// One client connection: its coroutine waits for a request, has it answered (proxy/exchange.h), and
// again, until either side ends it. While it waits it holds no buffer and no exchange.
#pragma once

#include "daemon/base/address.h"
#include "daemon/base/intrusive_list.h"
#include "daemon/net/stream.h"
#include "daemon/proxy/facilities.h"
#include "daemon/session/input.h"

namespace ringwall::proxy {

struct Connection : base::ListNode<> {
  Connection(io::Loop& loop, base::UniqueFd fd, const base::Address& from, uint32_t at)
      : stream(loop, std::move(fd)), peer(from), listener(at) {}

  net::Stream stream;
  session::Input input;
  base::Address peer;
  uint32_t listener;   // an id that outlives reloads, see Snapshot::listener_index
  uint64_t exchanges = 0;
  bool idle = true;    // between exchanges
  bool linger = false; // the client may still be sending what we do not read
  io::Stop idle_end;   // ends the wait for a request, nothing else
};

/// Serves the connection to its end.
io::Task<void> serve_connection(Facilities& facilities, Connection& connection);

}  // namespace ringwall::proxy
