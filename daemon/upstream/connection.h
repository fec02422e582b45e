// Connection: one open connection to a backend, in a lease or kept in the pool. Kept: nothing is in
// flight on it and no operation armed, so that keeping and reusing cost no ring entry; a close by
// the backend is seen by a poll at reuse (measured: 0.44 us of 0.7 for checkout and keep) or by the
// sweep.
#pragma once

#include <memory>

#include "daemon/base/address.h"
#include "daemon/base/intrusive_list.h"
#include "daemon/base/time.h"
#include "daemon/net/stream.h"

namespace ringwall::upstream {

struct Connection : base::ListNode<> {
  Connection(io::Loop& loop, base::UniqueFd fd, const base::Address& to)
      : stream(loop, std::move(fd)), address(to) {}

  net::Stream stream;
  base::Address address;
  uint32_t version = 0;  // of the resolved addresses in which `address` was last seen
  base::Instant kept_since;
};

using ConnectionPtr = std::unique_ptr<Connection>;

/// The kept connections of one backend in one worker; the last one kept is the first one taken.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { close_all(); }

  size_t size() const { return size_; }
  /// Null when it is empty.
  ConnectionPtr take() { return size_ > 0 ? remove(kept_.back()) : nullptr; }
  /// Keeps it, or closes it when there are `most` already.
  void put(ConnectionPtr connection, base::Instant now, size_t most) {
    if (size_ >= most) return;
    connection->kept_since = now;
    kept_.push_back(*connection.release());
    ++size_;
  }
  /// Looks at the longest kept, at most `examined_max` of them, and closes those kept since before
  /// `since` and those that the backend has closed or sent to unasked.
  void sweep(base::Instant since, unsigned examined_max);
  void close_all() {
    while (take() != nullptr) {
    }
  }

 private:
  ConnectionPtr remove(Connection& connection) {
    connection.unlink();
    --size_;
    return ConnectionPtr(&connection);
  }
  base::IntrusiveList<Connection> kept_;  // owned; the longest kept first
  size_t size_ = 0;
};

}  // namespace ringwall::upstream
