// The life of one request, as a line of rooms (DESIGN section 3): parse, route, plan, lookup,
// fetch, store, respond, log. Read exchange.cc first; each room is a file beside it.
#pragma once

#include <algorithm>
#include <string_view>

#include "conf/model.h"
#include "daemon/caching/key.h"
#include "daemon/proxy/connection.h"
#include "daemon/proxy/facilities.h"
#include "daemon/proxy/record.h"
#include "daemon/session/server_stream.h"

namespace ringwall::proxy {

/// What the rooms know of the request they serve. Everything but the record and the client's stream
/// is const once the exchange has been routed.
struct Exchange {
  Facilities& facilities;
  const std::shared_ptr<const Snapshot>& held;
  const Snapshot& snapshot;       // what `held` holds
  session::ServerStream& client;
  Record& record;
  const base::Address& peer;      // the other end of the connection
  const conf::Listener* listener; // null: this generation has it no more
  uint32_t listener_index;
  bool trusted_peer = false;      // its forwarding fields are kept
  const conf::Route* route = nullptr;
  std::string_view authority;     // host and port, as they go to the backend
  std::string_view path;          // normalised
  io::Chunk room{};               // holds the key and the path
  base::Instant deadline = base::Instant::never();  // of the whole exchange

  const http::RequestHead& request() const { return client.request(); }
  io::Loop& loop() const { return facilities.loop; }
  caching::KeyParts key_parts() const {
    const http::Target& target = request().target;
    return {"http", target.host, target.port, path, target.query, target.has_query};
  }
  bool overdue() const { return loop().now() >= deadline; }
};

/// While a backend is waited for nobody reads from the client, so whether it is still there is
/// looked at once a second: no operation has to be armed for that, and a client that is gone costs
/// its backend little. Waits until `end` are made of steps of this length.
constexpr base::Duration client_look = std::chrono::seconds(1);

/// The end of the next step of a wait that ends at `end`.
inline io::Until next_step(const Exchange& x, base::Instant end) {
  base::Instant step = x.loop().now() + client_look;
  return io::Until(std::min({end, x.deadline, step}), &x.facilities.cut);
}

/// Serves the next request of the connection, whose first bytes are in its input. False: the
/// connection is to be closed.
io::Task<bool> serve_exchange(Facilities& facilities, Connection& connection);

}  // namespace ringwall::proxy
