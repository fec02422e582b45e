#include "daemon/session/body_reader.h"

#include <algorithm>

namespace ringwall::session {

void BodyReader::begin(const http::Framing& framing) {
  framing_ = framing;
  left_ = framing.length;
  done_ = framing.kind == http::Framing::Kind::none ||
          (framing.kind == http::Framing::Kind::length && left_ == 0);
  decoder_ = http::ChunkDecoder();
}

Piece BodyReader::decode(Input& from, size_t most) {
  // Decoded in place: the content of all chunks that are there moves together.
  char* base = from.unread_data();
  std::string_view rest = from.unread();
  size_t kept = 0;
  Piece piece;
  while (!rest.empty() && kept < most) {
    auto step = decoder_.feed(rest.substr(0, std::min(rest.size(), most - kept)));
    if (step.state == http::ChunkDecoder::State::malformed) return {Piece::State::malformed, {}};
    if (!step.content.empty()) {
      std::memmove(base + kept, step.content.data(), step.content.size());
      kept += step.content.size();
    }
    rest.remove_prefix(step.consumed);
    if (step.state == http::ChunkDecoder::State::done) {
      done_ = true;
      piece.state = Piece::State::end;
      break;
    }
    if (step.consumed == 0) break;
  }
  piece.bytes = {base, kept};
  from.consume(from.unread().size() - rest.size());
  return piece;
}

Piece BodyReader::take(size_t most) {
  Input& from = current();
  if (framing_.kind == http::Framing::Kind::chunked) return decode(from, most);
  size_t n = std::min(from.unread().size(), most);
  Piece piece;
  if (framing_.kind == http::Framing::Kind::length) {
    n = std::min<uint64_t>(n, left_);
    left_ -= n;
    if (left_ == 0) {
      done_ = true;
      piece.state = Piece::State::end;
    }
  }
  piece.bytes = from.unread().substr(0, n);
  from.consume(n);
  return piece;
}

std::optional<Piece> BodyReader::ready() {
  if (done_ || current().empty()) return std::nullopt;
  return take(SIZE_MAX);
}

Piece BodyReader::ready_into(std::span<std::byte> room) {
  Piece piece = take(room.size());
  if (piece.failed()) return piece;
  std::memcpy(room.data(), piece.bytes.data(), piece.bytes.size());
  piece.bytes = {reinterpret_cast<const char*>(room.data()), piece.bytes.size()};
  return piece;
}

Piece BodyReader::ended(int code) {
  if (code == -ETIME) return {Piece::State::timed_out, {}};
  if (code == -ECANCELED) return {Piece::State::stopped, {}};
  // RFC 9112 section 6.3: only content without length or chunks ends with the connection; an error
  // is never an end.
  if (code == 0 && framing_.kind == http::Framing::Kind::until_close) {
    done_ = true;
    return {Piece::State::end, {}};
  }
  return {Piece::State::cut, {}};
}

io::Task<int> BodyReader::receive_more(io::Until until) {
  io::Chunk chunk = stream_.loop().large_chunks().take();
  if (!chunk) chunk = stream_.loop().small_chunks().take();
  if (!chunk) {
    // No buffer of our own to be had: the kernel picks one when there are bytes and one is free.
    io::Receive receive = stream_.receive(until);
    int n = co_await receive;
    if (n > 0) more_.adopt(std::move(receive.chunk), static_cast<size_t>(n));
    co_return settle(n, receive);
  }
  std::span<std::byte> room = chunk.bytes();
  // Never into the next message: what belongs to it is received by who reads it.
  if (framing_.kind == http::Framing::Kind::length && left_ < room.size()) room = room.first(left_);
  io::ReceiveInto receive = stream_.receive_into(room, until);
  int n = co_await receive;
  if (n > 0) more_.adopt(std::move(chunk), static_cast<size_t>(n));
  co_return settle(n, receive);
}

int BodyReader::settle(int n, const io::Op& receive) {
  if (n > 0) {
    bytes_received_ += static_cast<size_t>(n);
    return n;
  }
  return receive.timed_out() ? -ETIME : receive.stopped() ? -ECANCELED : n;
}

io::Task<Piece> BodyReader::next(io::Until until) {
  RW_ASSERT(!done_);
  if (current().empty()) {
    int n = co_await receive_more(until);
    if (n <= 0) co_return ended(n);
  }
  co_return take(SIZE_MAX);
}

io::Task<Piece> BodyReader::next_into(std::span<std::byte> room, io::Until until) {
  RW_ASSERT(!done_ && !room.empty());
  Piece piece;
  bool chunked = framing_.kind == http::Framing::Kind::chunked;
  if (chunked && current().empty()) {
    // The chunk framing has to be taken out, so these bytes go through a chunk of ours.
    int n = co_await receive_more(until);
    if (n <= 0) co_return ended(n);
  }
  if (!current().empty()) co_return ready_into(room);
  if (framing_.kind == http::Framing::Kind::length && left_ < room.size()) room = room.first(left_);
  io::ReceiveInto receive = stream_.receive_into(room, until);
  int n = co_await receive;
  n = settle(n, receive);
  if (n <= 0) co_return ended(n);
  piece.bytes = {reinterpret_cast<const char*>(room.data()), static_cast<size_t>(n)};
  if (framing_.kind == http::Framing::Kind::length) {
    left_ -= static_cast<size_t>(n);
    done_ = left_ == 0;
    if (done_) piece.state = Piece::State::end;
  }
  co_return piece;
}

void BodyReader::finish() {
  RW_ASSERT(done_);
  if (more_.empty()) return;
  RW_ASSERT(input_.empty());
  input_ = std::move(more_);
}

}  // namespace ringwall::session
