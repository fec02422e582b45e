// H1Server: the client's side of one HTTP/1 exchange (RFC 9112): reads the head and the content of
// a request, writes the response with its framing, and knows afterwards whether the connection may
// carry another. One object per exchange, over the connection's stream and input.
//
// One coroutine uses it, but read_content may run beside the send functions in another: early
// responses are sent while the request still streams.
#pragma once

#include <span>
#include <string_view>

#include "conf/model.h"
#include "daemon/http/h1_head.h"
#include "daemon/session/body_reader.h"
#include "daemon/session/server_stream.h"

namespace ringwall::session {

/// How reading a request head ended.
struct HeadOutcome {
  enum class State : uint8_t {
    request,     // request() is there
    incomplete,  // of parse_head(): more bytes are needed
    closed,      // the client left, with nothing or half a head; no answer is owed
    malformed,   // answer `status` and close
    timed_out,   // answer 408 and close
    stopped,
  };
  State state = State::closed;
  unsigned status = 0;
  const char* reason = "";
};

class H1Server final : public ServerStream {
 public:
  /// All arguments outlive it. `stop` cuts the exchange off.
  H1Server(net::Stream& stream, Input& input, const conf::Http& settings, io::Stop* stop);

  /// The head, if all of it is in the input, as it most often is. Requires: the input is not empty.
  HeadOutcome parse_head();
  /// After an incomplete head: reads until it is complete.
  io::Task<HeadOutcome> read_head();

  /// After the response: content of the request was not read, and the connection could be kept.
  bool must_drain() const { return complete_ && !close_ && content_pending(); }
  /// Reads it away if it is little; else the connection will close.
  io::Task<void> drain();
  /// At the very end: whether the connection can carry another exchange.
  bool finish();
  /// The connection is to be closed after this response ("Connection: close" is sent).
  void close_after() override { close_ = true; }
  bool closing() const { return close_; }

  const http::RequestHead& request() const override { return head_; }
  std::string_view request_trailers() const override { return body_.trailers(); }
  io::Task<Piece> read_content() override;
  void stop_reading() override {
    close_ = true;
    read_stop_.request();
  }
  bool gone() const override { return stream_.gone(); }
  bool content_pending() const override { return !body_.done(); }
  /// The deadline of the whole exchange; never by default.
  void set_deadline(base::Instant deadline) { deadline_ = deadline; }

  io::Task<int> send_interim(unsigned status, std::string_view fields) override;
  io::Task<int> send_head(const Response& response, std::span<iovec> content, bool end) override;
  io::Task<int> send_content(std::span<iovec> content, bool end,
                             std::string_view trailers) override;
  void abandon() override;

  bool head_sent() const override { return head_sent_; }
  bool response_complete() const { return complete_; }
  uint64_t bytes_sent() const override { return bytes_sent_; }
  uint64_t content_bytes_sent() const override { return content_bytes_sent_; }
  uint64_t bytes_received() const override { return head_bytes_ + body_.bytes_received(); }

 private:
  static constexpr size_t max_pieces = content_pieces_max + 4;
  enum class Framing : uint8_t { none, length, chunked, until_close };

  io::Until until(base::Duration pause, io::Stop* stop) const;
  void choose_framing(const Response& response);
  char* write_head(const Response& response, char* at) const;
  io::Task<int> send_pieces(std::span<iovec> pieces);
  io::Task<int> send_rest(std::string_view bytes, int sent);

  net::Stream& stream_;
  Input& input_;
  const conf::Http& settings_;
  io::Stop* stop_;
  io::Stop read_stop_;
  http::HeadParser parser_;
  base::Instant deadline_ = base::Instant::never();
  http::RequestHead head_;
  BodyReader body_;
  uint64_t head_bytes_ = 0;
  uint64_t content_bytes_ = 0;
  uint64_t bytes_sent_ = 0;
  uint64_t content_bytes_sent_ = 0;
  Framing framing_ = Framing::none;
  uint64_t left_ = 0;  // content bytes still owed where the length was told
  bool expects_continue_ = false;
  bool head_sent_ = false;
  bool complete_ = false;
  bool close_ = false;
};

}  // namespace ringwall::session
