// ServerStream: one exchange as seen from the client's side, whatever protocol carries it. The
// proxy's rooms read the request and write the response through it; HTTP/1 (session/h1_server.h)
// implements it, HTTP/2 will.
//
// Request: the head is const from the start. Its content is read piece by piece until `end`; not
// asking for more is the back-pressure.
// Response: any number of interim responses, then one head (perhaps with content), then content,
// of which the last call says `end`. The stream chooses the framing. A response that cannot be
// completed is cut off with abandon(), so that the client never takes it for complete.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "daemon/base/address.h"
#include "daemon/http/request.h"
#include "daemon/io/task.h"

namespace ringwall::session {

/// The most pieces one send takes.
constexpr size_t content_pieces_max = 16;

/// A piece of content, or how it ended. The bytes stay valid until the next call.
struct Piece {
  enum class State : uint8_t {
    more,       // bytes (perhaps none), others follow
    end,        // bytes (perhaps none), and that was all; trailers are known now
    malformed,  // the framing is broken
    cut,        // the connection ended before the content did
    too_large,  // more than allowed
    timed_out,
    stopped,
  };
  State state = State::more;
  std::string_view bytes;

  bool failed() const { return state > State::end; }
};

/// What the proxy answers, in a form every protocol can write.
struct Response {
  unsigned status = 0;
  std::string_view reason;                // empty: the registered phrase
  std::string_view fields;                // serialised field lines, end-to-end ones only
  std::string_view added;                 // further lines of ours
  std::optional<uint64_t> content_length; // absent: unknown until the end
  bool bodiless = false;                  // HEAD, 204, 304: content_length is told, none is sent
};

class ServerStream {
 public:
  ServerStream() = default;
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;
  virtual ~ServerStream() = default;

  virtual const http::RequestHead& request() const = 0;
  /// The serialised trailer lines of the request; after Piece::State::end.
  virtual std::string_view request_trailers() const { return {}; }

  /// Sends what the client waits for before its content (100 Continue) when it does, then gives
  /// the next piece.
  virtual io::Task<Piece> read_content() = 0;
  /// Ends a read_content under way in another coroutine, and every later one: Piece::State::stopped.
  virtual void stop_reading() = 0;
  /// What carries the exchange is to be closed after this response, where it carries others too.
  virtual void close_after() {}
  /// The client has reset or fully closed its connection: nobody will read a response. A client that
  /// ended only its sending is not gone. No waiting.
  virtual bool gone() const = 0;
  /// True when the request has content that was not read to its end yet.
  virtual bool content_pending() const = 0;

  /// An interim (1xx) response; nothing to clients of HTTP/1.0. 0 or a negative errno.
  virtual io::Task<int> send_interim(unsigned status, std::string_view fields) = 0;
  /// The head with the first content pieces. `end`: they are all. Consumes `content`.
  /// 0 or a negative errno: the client is gone or too slow.
  virtual io::Task<int> send_head(const Response& response, std::span<iovec> content, bool end) = 0;
  virtual io::Task<int> send_content(std::span<iovec> content, bool end,
                                     std::string_view trailers = {}) = 0;
  /// The response cannot go on: whoever reads it must see that it is cut.
  virtual void abandon() = 0;

  virtual bool head_sent() const = 0;
  virtual uint64_t bytes_sent() const = 0;
  virtual uint64_t content_bytes_sent() const = 0;
  virtual uint64_t bytes_received() const = 0;
};

}  // namespace ringwall::session
