// The operations a coroutine can await: `int n = co_await io::Send(loop, fd, bytes, until);`.
//
// Each result is that of the system call of the same name, or a negative errno: -ETIME at the
// deadline, -ECANCELED at a stop. Buffers must stay until it ends.
// Awaiters have constructors and live in the awaiting frame; name them where their state is asked
// afterwards:  io::Receive receive(loop, fd, until); int n = co_await receive;
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "daemon/base/address.h"
#include "daemon/io/loop.h"
#include "daemon/io/op.h"

namespace ringwall::io {

/// recv(2) into a small chunk that is taken only when bytes are there.
class Receive final : public Op {
 public:
  Receive(Loop& loop, int fd, Until until) : Op(loop, until), fd_(fd) {}
  /// Bytes received; 0: the peer has ended its side. `chunk` holds them, if any.
  int await_resume() {
    chunk = loop().claim(flags_);
    if (result_ <= 0) chunk.release();  // the end or an error may have taken one too
    return result_;
  }

 private:
  void prepare(io_uring_sqe& entry) override;
  bool wants_buffer() const override { return true; }
  int descriptor() const override { return fd_; }
  int fd_;  // first: it fits into Op's tail

 public:
  Chunk chunk;
};

/// recv(2) into the caller's bytes.
class ReceiveInto final : public Op {
 public:
  ReceiveInto(Loop& loop, int fd, std::span<std::byte> room, Until until)
      : Op(loop, until), fd_(fd), room_(room) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  std::span<std::byte> room_;
};

/// send(2) of all bytes (MSG_WAITALL): less than all means cancelled, reset or shut down, with that
/// much handed to the kernel. `more`: further bytes follow at once (MSG_MORE).
class Send final : public Op {
 public:
  Send(Loop& loop, int fd, std::string_view bytes, Until until, bool more = false)
      : Op(loop, until), fd_(fd), more_(more), bytes_(bytes) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  bool more_;
  std::string_view bytes_;
};

/// sendmsg(2) of all pieces, as Send. The iovecs and what they name stay until it ends.
class SendPieces final : public Op {
 public:
  SendPieces(Loop& loop, int fd, std::span<iovec> pieces, Until until, bool more = false)
      : Op(loop, until), fd_(fd), more_(more) {
    message_.msg_iov = pieces.data();
    message_.msg_iovlen = pieces.size();
  }
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  bool more_;
  msghdr message_ = {};
};

/// accept4(2) with SOCK_CLOEXEC, one connection. Never multishot: on a listening socket that
/// workers share it gives all connections to one of them.
class Accept final : public Op {
 public:
  Accept(Loop& loop, int fd, Until until) : Op(loop, until), fd_(fd) {}
  int await_resume() const { return result_; }
  /// Requires: the result is not negative.
  base::Address peer() const;

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  socklen_t size_ = 0;
  sockaddr_in6 peer_ = {};  // the kernel cuts off longer names, those of Unix peers
};

/// connect(2).
class Connect final : public Op {
 public:
  Connect(Loop& loop, int fd, const base::Address& address, Until until)
      : Op(loop, until), fd_(fd), address_(address) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  base::Address address_;
};

/// read(2) at the current position; for eventfd, signalfd and pipes.
class Read final : public Op {
 public:
  Read(Loop& loop, int fd, std::span<std::byte> room, Until until)
      : Op(loop, until), fd_(fd), room_(room) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  std::span<std::byte> room_;
};

/// write(2) at the current position.
class Write final : public Op {
 public:
  Write(Loop& loop, int fd, std::string_view bytes, Until until)
      : Op(loop, until), fd_(fd), bytes_(bytes) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  std::string_view bytes_;
};

/// poll(2) of one descriptor, once: the events that came.
class Poll final : public Op {
 public:
  Poll(Loop& loop, int fd, unsigned events, Until until)
      : Op(loop, until), fd_(fd), events_(events) {}
  int await_resume() const { return result_; }

 private:
  void prepare(io_uring_sqe& entry) override;
  int descriptor() const override { return fd_; }
  int fd_;
  unsigned events_;
};

/// Waits for the deadline (-ETIME) or the stop (-ECANCELED); nothing else ends it.
class Sleep final : public Op {
 public:
  Sleep(Loop& loop, Until until) : Op(loop, until) {}
  int await_resume() const { return result_; }

 private:
  bool on_ring() const override { return false; }
};

}  // namespace ringwall::io
