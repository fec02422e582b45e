#include "daemon/upstream/lease.h"

#include "daemon/upstream/backend.h"
#include "daemon/upstream/upstream.h"

namespace ringwall::upstream {

Lease::Lease() = default;

Lease::Lease(Attempt attempt, std::unique_ptr<Connection> connection, bool reused)
    : attempt_(std::move(attempt)), connection_(std::move(connection)), reused_(reused) {}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    close();
    attempt_ = std::move(other.attempt_);
    connection_ = std::move(other.connection_);
    reused_ = other.reused_;
  }
  return *this;
}

Lease::~Lease() {
  close();
}

net::Stream& Lease::stream() const {
  RW_ASSERT(connection_ != nullptr);
  return connection_->stream;
}

const base::Address& Lease::address() const {
  RW_ASSERT(connection_ != nullptr);
  return connection_->address;
}

void Lease::keep() {
  RW_ASSERT(connection_ != nullptr);
  // Into the pool first: the slot may go to a waiter, who wants a connection.
  attempt_.backend().keep(std::move(connection_), attempt_.upstream().settings());
  attempt_.end();
}

void Lease::close() {
  connection_.reset();
  attempt_.end();
}

void Lease::count_response(unsigned status) {
  RW_ASSERT(connection_ != nullptr);
  attempt_.backend().counters().add_response(status);
}

void Lease::count_bytes(uint64_t sent, uint64_t received) {
  RW_ASSERT(connection_ != nullptr);
  attempt_.backend().counters().add_bytes(sent, received);
}

}  // namespace ringwall::upstream
