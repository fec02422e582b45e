#include "daemon/io/operations.h"

#include <liburing.h>

namespace ringwall::io {
namespace {

int send_flags(bool more) {
  return MSG_WAITALL | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
}

}  // namespace

void Receive::prepare(io_uring_sqe& entry) {
  io_uring_prep_recv(&entry, fd_, nullptr, base::small_chunk_bytes, 0);
  // Most receives are armed before the bytes come: do not try first, and hold no buffer meanwhile.
  entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
}

void ReceiveInto::prepare(io_uring_sqe& entry) {
  io_uring_prep_recv(&entry, fd_, room_.data(), room_.size(), 0);
}

void Send::prepare(io_uring_sqe& entry) {
  io_uring_prep_send(&entry, fd_, bytes_.data(), bytes_.size(), send_flags(more_));
}

void SendPieces::prepare(io_uring_sqe& entry) {
  io_uring_prep_sendmsg(&entry, fd_, &message_, static_cast<unsigned>(send_flags(more_)));
}

void Accept::prepare(io_uring_sqe& entry) {
  size_ = sizeof(peer_);
  io_uring_prep_accept(&entry, fd_, reinterpret_cast<sockaddr*>(&peer_), &size_, SOCK_CLOEXEC);
}

base::Address Accept::peer() const {
  // The length told is that of the whole name even where it was cut off; a Unix peer's name is the
  // peer's choice and no address of anybody: only the family is kept.
  socklen_t size = peer_.sin6_family == AF_UNIX ? sizeof(sa_family_t) : size_;
  RW_ASSERT(size <= sizeof(peer_));
  return base::Address(reinterpret_cast<const sockaddr*>(&peer_), size);
}

void Connect::prepare(io_uring_sqe& entry) {
  io_uring_prep_connect(&entry, fd_, address_.data(), address_.size());
}

void Read::prepare(io_uring_sqe& entry) {
  io_uring_prep_read(&entry, fd_, room_.data(), static_cast<unsigned>(room_.size()),
                     static_cast<uint64_t>(-1));
}

void Write::prepare(io_uring_sqe& entry) {
  io_uring_prep_write(&entry, fd_, bytes_.data(), static_cast<unsigned>(bytes_.size()),
                      static_cast<uint64_t>(-1));
}

void Poll::prepare(io_uring_sqe& entry) {
  io_uring_prep_poll_add(&entry, fd_, events_);
}

}  // namespace ringwall::io
