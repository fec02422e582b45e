// H1Client: the backend's side of one HTTP/1 exchange (RFC 9112): sends a request head and content,
// reads the response head and content, and knows afterwards whether the connection may be kept.
// One object per attempt; it owns what it receives into, the lease owns the stream.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "daemon/http/h1_head.h"
#include "daemon/session/body_reader.h"

namespace ringwall::session {

/// How waiting for a response head ended.
struct ResponseOutcome {
  enum class State : uint8_t {
    final,      // head() is the final response
    interim,    // head() is a 1xx response; read on
    closed,     // ended or reset; nothing_received() tells whether any byte had come
    malformed,  // breaks RFC 9112, or is longer than allowed
    timed_out,
    stopped,
  };
  State state = State::closed;
  const char* reason = "";
};

class H1Client {
 public:
  /// `stream` outlives it.
  explicit H1Client(net::Stream& stream) : stream_(stream), body_(stream, input_) {}

  /// Reads the next head, interim or final. `method` is the request's: it decides on content.
  io::Task<ResponseOutcome> read_head(http::Method method, io::Until until);
  const http::ResponseHead& head() const { return head_; }
  /// Of the final response.
  const http::Framing& framing() const { return framing_; }
  bool nothing_received() const { return !received_; }

  /// Requires, from here on: the final head was read.
  BodyReader& body() { return body_; }
  /// The content was read to its end, the backend lets the connection live and sent nothing more.
  bool reusable() const;
  uint64_t bytes_received() const { return head_bytes_ + body_.bytes_received(); }

 private:
  net::Stream& stream_;
  Input input_;
  http::ResponseHead head_;
  http::Framing framing_;
  BodyReader body_;
  uint64_t head_bytes_ = 0;
  bool received_ = false;
};

}  // namespace ringwall::session
