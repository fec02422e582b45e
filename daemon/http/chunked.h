// The chunked transfer coding (RFC 9112 section 7.1): decoding content as it arrives, without
// copying it, and writing chunk heads. Strict as heads are: CRLF only, at least one hexadecimal
// digit, sizes that overflow refused, no whitespace but before a chunk extension's ";" (BWS),
// extensions checked for control characters, counted and dropped.
//
// Trailer fields are collected, validated like header fields, and kept unless they are forbidden in
// trailers (RFC 9110 section 6.5.1): framing, routing, authentication, request modifiers, cache
// control. Memory is allocated for trailers only, and only when there are some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/limits.h"
#include "daemon/http/field_name.h"

namespace ringwall::http {

class ChunkDecoder {
 public:
  enum class State : uint8_t {
    more,       // feed the rest, or wait for more bytes
    done,       // the coding has ended; what was not consumed belongs to the next message
    malformed,  // nothing can be told about what follows: close
  };
  struct Step {
    State state = State::more;
    size_t consumed = 0;  // bytes of the input that are dealt with; all when `more` without content
    std::string_view content;  // a piece of content within the input, perhaps empty
    const char* reason = "";   // malformed: a few words for the log
  };

  /// Takes bytes until one piece of content, the end or the end of `bytes`. Requires: not done or
  /// malformed yet, bytes not empty. Call again with the rest while `consumed` < bytes.size().
  Step feed(std::string_view bytes);

  bool done() const { return at_ == At::end; }
  /// The trailer fields that may be passed on, serialised: "Name: value\r\n" each. After done.
  std::string_view trailers() const { return trailers_; }
  /// Of content still to come in the current chunk; lets a reader receive straight into place.
  uint64_t chunk_left() const { return at_ == At::content ? left_ : 0; }

 private:
  enum class At : uint8_t {
    size_begin,   // first digit of a chunk size
    size,         // further digits
    size_blank,   // whitespace behind the size, before ";"
    extension,    // behind ";"
    quoted,       // inside a quoted extension value
    quoted_pair,  // behind a backslash in it
    size_lf,      // LF of the chunk line
    content,
    content_cr,  // CR behind the content
    content_lf,
    trailer,  // in the trailer section
    end,
    broken,
  };
  Step fail(const char* reason);
  // One byte of a chunk line or of the CRLF behind content: null, or what is wrong with it.
  const char* line_byte(unsigned char c);
  const char* size_byte(unsigned char c);
  const char* extension_byte(unsigned char c);
  Step take_trailers(std::string_view bytes);
  const char* keep_allowed_trailers();

  At at_ = At::size_begin;
  uint32_t line_bytes_ = 0;       // of the current chunk line
  uint64_t extension_bytes_ = 0;  // of all chunk lines together
  uint64_t left_ = 0;             // of the current chunk
  std::string trailers_;          // raw until the end, then what remains
};

/// Whether a field may stand in a trailer section and is passed on (RFC 9110 section 6.5.1).
bool allowed_in_trailers(FieldName name);

/// The most that write_chunk_head writes: 16 digits and CRLF.
constexpr size_t chunk_head_bytes_max = 18;
/// Writes "SIZE CRLF" to `out`; the length. Requires: size > 0 (0 is the end of the coding).
size_t write_chunk_head(uint64_t size, char* out);
/// The end of a chunked message without trailers.
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace ringwall::http
