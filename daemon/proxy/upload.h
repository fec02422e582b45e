// Upload: the content of a request on its way to the backend, streamed beside the response, since a
// backend may answer before it has read everything.
#pragma once

#include <string>

#include "daemon/proxy/fetch.h"

namespace ringwall::proxy {

/// Owned by the exchange; empty and free of cost for requests without content.
class Upload {
 public:
  Upload() = default;
  /// Requires: finish() was awaited, if it ever began.
  ~Upload() = default;

  /// Begins to stream what the client sends to `source`, chunked if its length is not known.
  void begin(Exchange& exchange, Source& source);
  bool begun() const { return begun_; }
  bool complete() const { return complete_; }
  /// Why the client's side failed: 0, or the status to answer (400, 408, 413).
  unsigned failure() const { return failure_; }
  /// Cuts it short if it still runs, and waits until it has ended. Requires: begun().
  io::Task<void> finish();

 private:
  io::Task<void> run(Exchange& exchange, Source& source);
  io::TaskGroup group_;
  session::ServerStream* client_stream_ = nullptr;
  std::string trailing_;
  io::Stop stop_;
  bool begun_ = false;
  bool complete_ = false;
  unsigned failure_ = 0;
};

}  // namespace ringwall::proxy
