// HeadParser: reads an HTTP/1 head (RFC 9112 sections 2 to 5) out of bytes as they arrive.
//
// Strict: lines end in CRLF and nothing else (RFC 9112 section 2.2 allows a recipient to accept a
// bare LF; the next parser behind us may not, or may see a line where we see none, which is how
// requests are smuggled; a bare CR likewise). NUL and other control characters but tab in values,
// obs-fold, whitespace before the colon or at the start of a line, empty or non-token names, and
// anything but one space between the parts of a request line are refused. At most two empty lines
// before a request line are skipped (section 2.2).
//
// Cheap to call again: whole lines are parsed once, and a line that is not whole yet is only
// searched for its end from where the last search stopped. No allocation; one per head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/base/limits.h"
#include "daemon/http/request.h"
#include "daemon/http/response.h"

namespace ringwall::http {

/// Ceilings are those of base/limits.h; larger values mean those.
struct HeadLimits {
  size_t head_bytes = base::head_bytes_max;    // whole head, 431
  size_t target_bytes = base::head_bytes_max;  // 414
  size_t fields = base::fields_max;            // field lines, 431
};

struct HeadParse {
  enum class State : uint8_t { complete, incomplete, malformed };
  State state = State::incomplete;
  size_t consumed = 0;      // complete: the length of the head
  unsigned status = 0;      // malformed request: 400, 414, 431, 501 or 505; response: 502
  const char* reason = "";  // malformed: a few words for the log
};

class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits);

  /// `bytes`: everything received from the start of the head on, more than at the last call, at
  /// the same address or another. `out` must be the same object in all calls for one head; its
  /// contents count when the state is complete, except that method_text and target_text are set
  /// as soon as the request line was read, and empty before (for the log of a refused request).
  /// An empty `bytes` is incomplete and starts nothing.
  HeadParse request(std::string_view bytes, RequestHead& out);
  /// The same for a response, interim ones included.
  HeadParse response(std::string_view bytes, ResponseHead& out);

 private:
  enum class Stage : uint8_t { start, first_line, fields };
  enum class Step : uint8_t { more, done, incomplete, malformed };

  bool worth_parsing(std::string_view bytes);
  HeadParse refuse(unsigned status, const char* reason);
  Step request_line(std::string_view bytes, RequestHead& out);
  Step status_line(std::string_view bytes, ResponseHead& out);
  Step field_lines(std::string_view bytes, FieldSection& out);
  Step bad(unsigned status, const char* reason) {
    bad_status_ = status;
    bad_reason_ = reason;
    return Step::malformed;
  }
  HeadParse too_long(bool is_request) const;

  HeadLimits limits_;
  Stage stage_ = Stage::start;
  uint8_t empty_lines_ = 0;
  uint32_t line_at_ = 0;   // where the first line not parsed yet begins
  uint32_t searched_ = 0;  // no control character in [line_at_, searched_) but a last CR
  unsigned bad_status_ = 0;
  const char* bad_reason_ = "";
};

/// All at once, for bytes that are whole.
HeadParse parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& out);
HeadParse parse_response_head(std::string_view bytes, const HeadLimits& limits, ResponseHead& out);

}  // namespace ringwall::http
