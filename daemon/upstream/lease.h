// Lease: one exchange's use of one connection to a backend. Owned by the exchange; its end decides
// what becomes of the connection (kept or closed) and its verdict what becomes of the backend.
//
// The upstream that gave the lease must outlive it: an exchange holds its snapshot. Nothing may be
// in flight on the stream when the lease goes or is kept. One thread.
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/base/address.h"
#include "daemon/net/stream.h"
#include "daemon/upstream/attempt.h"

namespace ringwall::upstream {

struct Connection;

class Lease {
 public:
  Lease();  // empty
  Lease(Attempt attempt, std::unique_ptr<Connection> connection, bool reused);
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  /// Closes the connection, unless it was kept.
  ~Lease();

  explicit operator bool() const { return connection_ != nullptr; }

  /// Requires, here and below: not empty.
  net::Stream& stream() const;
  /// It has carried an exchange before: should it turn out closed before any byte of a response,
  /// that is no failure of the backend; drop the lease and check out again with `fresh_only`.
  bool reused() const { return reused_; }
  const Backend& backend() const { return attempt_.backend(); }
  const base::Address& address() const;

  /// The response ended where it should, both sides may go on and nothing is left over: the
  /// connection waits for the next exchange (or is closed if the pool is full). Empties the lease.
  void keep();
  /// Closes the connection now. Empties the lease.
  void close();

  /// The verdict; none when the client was the one who left. A response head is a success whatever
  /// its status; a failure may follow it (the content). `first_byte_us`: from the request's end.
  void succeeded(uint64_t first_byte_us) { attempt_.succeeded(first_byte_us); }
  void failed(Failure failure) { attempt_.failed(failure); }

  /// For every response head, interim ones included.
  void count_response(unsigned status);
  void count_bytes(uint64_t sent, uint64_t received);

 private:
  Attempt attempt_;
  std::unique_ptr<Connection> connection_;
  bool reused_ = false;
};

}  // namespace ringwall::upstream
