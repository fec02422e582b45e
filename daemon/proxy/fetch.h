// Fetch: a request to a backend and its response head back; balance, connect or reuse, send, retry
// where that is safe. What comes out is a Source: a response whose content is still to be read.
//
// Retries (RFC 9110 section 9.2.2): a request of which nothing was sent may go anywhere; one whose
// kept connection turned out closed goes to a fresh one, and an idempotent one of which no response
// byte came goes to another backend, as long as its content was not read from the client yet.
#pragma once

#include <memory>
#include <string>

#include "daemon/proxy/exchange.h"
#include "daemon/proxy/request_head.h"
#include "daemon/session/h1_client.h"
#include "daemon/upstream/upstream.h"

namespace ringwall::proxy {

/// An origin's response: head, content to come, and the connection it comes on. On the heap,
/// because a fill may carry on with it when the exchange that asked has ended.
struct Source {
  Source(upstream::Lease taken, std::shared_ptr<const Snapshot> held)
      : snapshot(std::move(held)), lease(std::move(taken)), client(lease.stream()) {}
  std::shared_ptr<const Snapshot> snapshot;  // owns the upstream that gave the lease
  upstream::Lease lease;
  session::H1Client client;
  base::Duration idle_timeout{};             // between two pieces of content
  bool shared = false;                       // meant for the cache
  int64_t asked_at_s = 0;                    // wall clock when the request was sent
  uint64_t bytes_sent = 0;                   // of the request's head
};

/// The connection goes back to its pool, or is closed where it cannot carry another exchange.
/// What was received stays readable. Nothing happens the second time.
void finish_source(Source& source);

struct FetchResult {
  std::unique_ptr<Source> source;  // null: failed
  unsigned status = 0;             // of the error response: 502, 503, 504, 400, 408, 413
  std::string_view why;
};

/// Interim responses are relayed. The request's content, if any, is streamed meanwhile and may
/// still be streaming when this returns: see Upload.
class Upload;
io::Task<FetchResult> fetch(Exchange& exchange, const Ask& ask, Upload& upload);

}  // namespace ringwall::proxy
