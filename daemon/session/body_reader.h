// BodyReader: the content of one HTTP/1 message, read from a stream piece by piece, whatever
// framing carries it (RFC 9112 section 6). The same for requests and responses.
//
// Bytes that came with the head are served first; further ones are received into a large chunk, or
// straight into the caller's room (next_into), so that a stored response is never copied in user
// space. What follows the message in the stream (the next pipelined request) is left in the input.
#pragma once

#include <optional>
#include <span>

#include "daemon/http/chunked.h"
#include "daemon/http/framing.h"
#include "daemon/net/stream.h"
#include "daemon/session/input.h"
#include "daemon/session/server_stream.h"

namespace ringwall::session {

class BodyReader {
 public:
  /// `input` holds what came behind the head; it stays the connection's.
  BodyReader(net::Stream& stream, Input& input) : stream_(stream), input_(input) {}

  void begin(const http::Framing& framing);
  /// The whole content has been given out.
  bool done() const { return done_; }
  /// Bytes that came with the head but belong to the content, without waiting; used to see whether
  /// a small message is complete already.
  bool buffered() const { return !done_ && !current().empty(); }

  /// The next piece; valid until the next call.
  io::Task<Piece> next(io::Until until);
  /// As next, but the bytes lie in `room` (at its begin). Requires: room is not empty.
  io::Task<Piece> next_into(std::span<std::byte> room, io::Until until);
  /// What next() can give without waiting; nothing when it would have to wait.
  std::optional<Piece> ready();
  /// As ready, at most room.size() bytes of it, copied into `room`. Requires: buffered().
  Piece ready_into(std::span<std::byte> room);

  /// Validated trailer field lines, serialised, after the end.
  std::string_view trailers() const { return decoder_.trailers(); }
  uint64_t bytes_received() const { return bytes_received_; }
  /// Bytes behind the message go back to the connection's input. Requires: done().
  void finish();
  /// Nothing has come behind the end of the content.
  bool clean_end() const { return done_ && more_.empty() && input_.empty(); }

 private:
  const Input& current() const { return more_.empty() ? input_ : more_; }
  Input& current() { return more_.empty() ? input_ : more_; }
  Piece take(size_t most);
  Piece decode(Input& from, size_t most);
  io::Task<int> receive_more(io::Until until);
  int settle(int n, const io::Op& receive);
  Piece ended(int code);

  net::Stream& stream_;
  Input& input_;
  Input more_;
  http::Framing framing_;
  uint64_t left_ = 0;  // of a content with a length
  bool done_ = true;
  http::ChunkDecoder decoder_;
  uint64_t bytes_received_ = 0;
};

}  // namespace ringwall::session
