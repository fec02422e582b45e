#include "daemon/session/h1_server.h"

#include <charconv>
#include <cstring>

#include "daemon/http/chunked.h"
#include "daemon/http/status.h"

namespace ringwall::session {
namespace {

// Content up to this size is copied behind the head: one contiguous send beats two pieces.
constexpr size_t copied_bytes_max = 2048;
// Our own lines of a head beside fields and added: status line, framing, Connection, the end.
constexpr size_t own_lines_bytes = 192;
// Left-over request content that is read away to keep the connection.
constexpr uint64_t drained_bytes_max = 256 * 1024;

char* put(char* at, std::string_view text) {
  if (text.empty()) return at;  // an empty view may have no address
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* put_status_line(char* at, unsigned status, std::string_view reason) {
  at = put(at, "HTTP/1.1 ");
  at = std::to_chars(at, at + 3, status).ptr;
  *at++ = ' ';
  at = put(at, reason.empty() ? http::reason_phrase(status) : reason);
  return put(at, "\r\n");
}

size_t total(std::span<const iovec> pieces) {
  size_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

iovec piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

http::HeadLimits limits_of(const conf::Http& settings) {
  http::HeadLimits limits;
  limits.head_bytes = settings.head_size_max;
  limits.target_bytes = settings.target_size_max;
  return limits;
}

}  // namespace

H1Server::H1Server(net::Stream& stream, Input& input, const conf::Http& settings, io::Stop* stop)
    : stream_(stream),
      input_(input),
      settings_(settings),
      stop_(stop),
      parser_(limits_of(settings)),
      body_(stream, input) {}

io::Until H1Server::until(base::Duration pause, io::Stop* stop) const {
  base::Instant at = pause.count() > 0 ? stream_.loop().now() + pause : base::Instant::never();
  return io::Until(std::min(at, deadline_), stop);
}

HeadOutcome H1Server::parse_head() {
  using State = http::HeadParse::State;
  http::HeadParse parse = parser_.request(input_.unread(), head_);
  if (parse.state == State::incomplete) return {HeadOutcome::State::incomplete, 0, ""};
  if (parse.state == State::malformed) {
    close_ = true;
    return {HeadOutcome::State::malformed, parse.status, parse.reason};
  }
  head_bytes_ = parse.consumed;
  input_.consume(parse.consumed);
  if (!head_.keep_alive) close_ = true;
  expects_continue_ = head_.expect_continue;
  body_.begin(head_.framing);
  return {HeadOutcome::State::request, 0, ""};
}

io::Task<HeadOutcome> H1Server::read_head() {
  // One deadline for the whole head: a client that sends a byte at a time does not hold us longer.
  io::Until whole = until(settings_.head_timeout, stop_);
  for (;;) {
    std::span<std::byte> room = input_.room(stream_.loop());
    if (room.empty()) {
      close_ = true;
      co_return HeadOutcome{HeadOutcome::State::malformed, 431, "head too large"};
    }
    io::ReceiveInto receive = stream_.receive_into(room, whole);
    int n = co_await receive;
    if (n <= 0) {
      close_ = true;
      HeadOutcome outcome;
      if (receive.timed_out()) outcome.state = HeadOutcome::State::timed_out;
      if (receive.stopped()) outcome.state = HeadOutcome::State::stopped;
      co_return outcome;
    }
    input_.received(static_cast<size_t>(n));
    HeadOutcome outcome = parse_head();
    if (outcome.state != HeadOutcome::State::incomplete) co_return outcome;
  }
}

io::Task<Piece> H1Server::read_content() {
  if (expects_continue_ && !head_sent_ && !body_.buffered()) {
    // RFC 9110 section 10.1.1: not to be sent once content has begun to arrive or we answered.
    expects_continue_ = false;
    int sent = co_await send_interim(100, {});
    if (sent != 0) co_return Piece{Piece::State::cut, {}};
  }
  Piece piece = co_await body_.next(until(settings_.body_timeout, &read_stop_));
  content_bytes_ += piece.bytes.size();
  if (settings_.body_size_max != 0 && content_bytes_ > settings_.body_size_max) {
    close_ = true;
    co_return Piece{Piece::State::too_large, {}};
  }
  if (piece.failed()) close_ = true;
  co_return piece;
}

io::Task<int> H1Server::send_pieces(std::span<iovec> pieces) {
  size_t bytes = total(pieces);
  io::SendPieces send = stream_.send(pieces, until(settings_.send_timeout, stop_));
  int sent = co_await send;
  // The frame of a loop only for those who take it in parts.
  if (sent > 0 && sent < static_cast<int>(bytes)) {
    net::consume(pieces, static_cast<size_t>(sent));
    int code = co_await net::send_all(stream_, pieces, settings_.send_timeout, stop_);
    sent = code == 0 ? static_cast<int>(bytes) : code;
  }
  if (sent <= 0) {
    close_ = true;
    co_return sent == 0 ? -EPIPE : sent;
  }
  bytes_sent_ += bytes;
  co_return 0;
}

/// After a send of `bytes` that ended with `sent`: nothing is left to do, as a rule.
io::Task<int> H1Server::send_rest(std::string_view bytes, int sent) {
  // A slow client took a part, or none: go on as long as it makes progress.
  if (sent <= 0) {
    close_ = true;
    co_return sent == 0 ? -EPIPE : sent;
  }
  bytes_sent_ += static_cast<size_t>(sent);
  iovec rest = piece_of(bytes.substr(static_cast<size_t>(sent)));
  int code = co_await send_pieces(std::span<iovec>(&rest, 1));
  co_return code;
}

io::Task<int> H1Server::send_interim(unsigned status, std::string_view fields) {
  if (head_.version_minor == 0 || head_sent_) co_return 0;  // RFC 9110 section 15.2
  io::Chunk chunk = stream_.loop().small_chunks().take();
  if (!chunk || fields.size() + own_lines_bytes > chunk.size()) co_return 0;
  char* at = put_status_line(chunk.chars(), status, {});
  at = put(at, fields);
  at = put(at, "\r\n");
  std::string_view bytes(chunk.chars(), static_cast<size_t>(at - chunk.chars()));
  int code = co_await stream_.send(bytes, until(settings_.send_timeout, stop_));
  if (code != static_cast<int>(bytes.size())) {
    code = co_await send_rest(bytes, code);
    co_return code;
  }
  bytes_sent_ += bytes.size();
  co_return 0;
}

void H1Server::choose_framing(const Response& response) {
  left_ = 0;
  if (response.bodiless) {
    framing_ = Framing::none;
  } else if (response.content_length) {
    framing_ = Framing::length;
    left_ = *response.content_length;
  } else if (head_.version_minor == 0) {
    framing_ = Framing::until_close;  // RFC 9112 section 6.1: no chunks to HTTP/1.0
    close_ = true;
  } else {
    framing_ = Framing::chunked;
  }
}

char* H1Server::write_head(const Response& response, char* at) const {
  // Everything but `fields`, which stands between the status line and these lines.
  bool may_tell_length = response.status >= 200 && response.status != 204;
  if (response.content_length && may_tell_length) {
    at = put(at, "Content-Length: ");
    at = std::to_chars(at, at + 20, *response.content_length).ptr;
    at = put(at, "\r\n");
  } else if (framing_ == Framing::chunked) {
    at = put(at, "Transfer-Encoding: chunked\r\n");
  }
  if (close_) {
    at = put(at, "Connection: close\r\n");
  } else if (head_.version_minor == 0) {
    at = put(at, "Connection: keep-alive\r\n");
  }
  at = put(at, response.added);
  return put(at, "\r\n");
}

io::Task<int> H1Server::send_head(const Response& response, std::span<iovec> content, bool end) {
  RW_ASSERT(!head_sent_);
  // Unread request content that the client may still be sending: not worth keeping (413, 401, ...).
  if (expects_continue_ && content_pending()) close_ = true;
  choose_framing(response);
  head_sent_ = true;
  size_t bytes = framing_ == Framing::none ? 0 : total(content);
  content_bytes_sent_ += bytes;
  if (framing_ == Framing::length) {
    RW_ASSERT(bytes <= left_);
    left_ -= bytes;
    RW_ASSERT(!end || left_ == 0);
  }
  if (framing_ == Framing::none) content = {};

  size_t room = own_lines_bytes + response.added.size();
  bool whole = response.fields.size() + room + bytes + 32 <= base::small_chunk_bytes &&
               (bytes <= copied_bytes_max || content.empty());
  io::Chunk chunk = room + (whole ? response.fields.size() + bytes : 0) <= base::small_chunk_bytes
                        ? stream_.loop().small_chunks().take()
                        : stream_.loop().large_chunks().take();
  if (!chunk || room > chunk.size()) {
    abandon();
    co_return -ENOMEM;
  }
  complete_ = end;
  char* begin = chunk.chars();
  char* at = put_status_line(begin, response.status, response.reason);
  if (whole) {
    at = put(at, response.fields);
    at = write_head(response, at);
    if (framing_ == Framing::chunked && bytes > 0) at += http::write_chunk_head(bytes, at);
    for (const iovec& piece : content) {
      at = put(at, {static_cast<const char*>(piece.iov_base), piece.iov_len});
    }
    if (framing_ == Framing::chunked && bytes > 0) at = put(at, "\r\n");
    if (framing_ == Framing::chunked && end) at = put(at, "0\r\n\r\n");
    std::string_view all(begin, static_cast<size_t>(at - begin));
    int sent = co_await stream_.send(all, until(settings_.send_timeout, stop_));
    if (sent == static_cast<int>(all.size())) {
      bytes_sent_ += all.size();
      co_return 0;
    }
    int code = co_await send_rest(all, sent);
    if (code != 0) complete_ = false;
    co_return code;
  }
  // status line | fields | the rest of the head, chunk head | content | chunk end
  iovec pieces[max_pieces];
  size_t count = 0;
  pieces[count++] = {begin, static_cast<size_t>(at - begin)};
  pieces[count++] = piece_of(response.fields);
  char* second = at;
  at = write_head(response, at);
  if (framing_ == Framing::chunked && bytes > 0) at += http::write_chunk_head(bytes, at);
  pieces[count++] = {second, static_cast<size_t>(at - second)};
  RW_ASSERT(content.size() <= content_pieces_max);
  for (const iovec& piece : content) pieces[count++] = piece;
  if (framing_ == Framing::chunked) {
    std::string_view tail = bytes == 0 ? (end ? "0\r\n\r\n" : "") : end ? "\r\n0\r\n\r\n" : "\r\n";
    pieces[count++] = piece_of(tail);
  }
  int code = co_await send_pieces(std::span<iovec>(pieces, count));
  if (code != 0) complete_ = false;
  co_return code;
}

io::Task<int> H1Server::send_content(std::span<iovec> content, bool end,
                                     std::string_view trailers) {
  RW_ASSERT(head_sent_ && !complete_);
  size_t bytes = total(content);
  if (framing_ == Framing::none) {
    complete_ = end;
    co_return 0;
  }
  if (framing_ == Framing::length) {
    RW_ASSERT(bytes <= left_);
    left_ -= bytes;
    RW_ASSERT(!end || left_ == 0);
  }
  int code = 0;
  if (framing_ != Framing::chunked) {
    if (bytes > 0) code = co_await send_pieces(content);
  } else if (bytes > 0 || end) {
    char head[24];
    iovec pieces[max_pieces];
    size_t count = 0;
    if (bytes > 0) {
      pieces[count++] = {head, http::write_chunk_head(bytes, head)};
      RW_ASSERT(content.size() <= content_pieces_max);
      for (const iovec& piece : content) pieces[count++] = piece;
      pieces[count++] = piece_of("\r\n");
    }
    if (end) {
      pieces[count++] = piece_of("0\r\n");
      pieces[count++] = piece_of(trailers);
      pieces[count++] = piece_of("\r\n");
    }
    code = co_await send_pieces(std::span<iovec>(pieces, count));
  }
  if (code == 0) {
    content_bytes_sent_ += bytes;
    complete_ = end;
  }
  co_return code;
}

void H1Server::abandon() {
  close_ = true;
  complete_ = false;
  // With a length or chunks a close in the middle shows; content that ends with the connection
  // would look complete, so the connection is reset instead.
  if (head_sent_ && framing_ == Framing::until_close) stream_.reset_on_close();
}

io::Task<void> H1Server::drain() {
  while (!close_ && content_pending()) {
    if (expects_continue_ || body_.bytes_received() > drained_bytes_max) {
      close_ = true;
      break;
    }
    Piece piece = co_await body_.next(until(settings_.body_timeout, &read_stop_));
    if (piece.failed()) close_ = true;
  }
}

bool H1Server::finish() {
  if (!complete_ || content_pending()) close_ = true;
  if (close_) return false;
  body_.finish();
  if (input_.empty()) input_.release();
  return true;
}

}  // namespace ringwall::session
