// The life of one request, as a line of rooms (DESIGN section 3): parse, route, plan, lookup,
// fetch, store, respond, log. Read exchange.cc first; each room is a file beside it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "conf/model.h"
#include "daemon/caching/key.h"
#include "daemon/http/cache_status.h"
#include "daemon/proxy/connection.h"
#include "daemon/proxy/facilities.h"
#include "daemon/proxy/record.h"
#include "daemon/session/server_stream.h"

namespace ringwall::proxy {

/// What was sent of a shared response whose fill ended early: another one may go on from there if it
/// is the same representation to the byte.
struct Resume {
  std::string etag;  // strong
  uint64_t length = 0;
  uint64_t offset = 0;  // content bytes sent
};

/// What the rooms know of the request they serve. Everything but the record, the client's stream and
/// what is told of the cache is const once the exchange has been routed.
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
  http::CacheStatus told;         // why it went to the origin, for Cache-Status on every answer
  std::optional<Resume> resume;   // where head_sent() is true but the response is not complete
  unsigned uses = 0;              // of its key lately, where the route stores by that
  std::string withheld;           // field lines of the response for this client alone
  bool detached = false;          // in the background: nobody waits for the response
  bool takes_over = false;        // it waited for a leader whose origin failed

  const http::RequestHead& request() const { return client.request(); }
  io::Loop& loop() const { return facilities.loop; }
  caching::KeyParts key_parts() const {
    const http::Target& target = request().target;
    return {"http", target.host, target.port, path, target.query, target.has_query, route->name};
  }
  /// Requires: route is set.
  uint64_t object_bytes_max() const {
    uint64_t general = snapshot.config.cache.object_size_max;
    uint64_t own = route->cache.object_size_max;
    return own == 0 ? general : std::min(own, general);
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

/// Host and port as they go to the backend: one view where they stand together in the head.
std::string_view authority_of(const http::RequestHead& request);

/// Answers the request of an exchange whose members are set up to its path: routes it and takes it
/// through all rooms. The record tells what came of it.
io::Task<void> answer_request(Exchange& exchange);

/// Serves the next request of the connection, whose first bytes are in its input. False: the
/// connection is to be closed.
io::Task<bool> serve_exchange(Facilities& facilities, Connection& connection);

}  // namespace ringwall::proxy
