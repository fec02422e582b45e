// RequestHead: a parsed and validated HTTP/1 request head. Its views point into the raw head, which
// belongs to the caller: it must stay, or `rebase` be called where it has moved to. Filled by
// HeadParser (daemon/http/h1_head.h); const from then on.
#pragma once

#include <string_view>

#include "daemon/http/fields.h"
#include "daemon/http/framing.h"
#include "daemon/http/method.h"
#include "daemon/http/target.h"

namespace ringwall::http {

struct RequestHead {
  Method method = Method::other;
  uint8_t version_minor = 1;  // HTTP/1.0 or HTTP/1.1 (also for higher minors)
  /// RFC 9112 section 9.3: the client does not ask for the connection to be closed.
  bool keep_alive = false;
  /// RFC 9110 section 10.1.1: the client waits for 100 before it sends content. Never with HTTP/1.0
  /// or without content.
  bool expect_continue = false;
  bool expect_other = false;  // an expectation nobody knows: 417
  Framing framing;
  std::string_view method_text;
  std::string_view target_text;  // as sent
  Target target;                 // parsed, with the host of whichever counts
  FieldSection fields;
  const char* raw = nullptr;  // the first byte the parser was given
  uint32_t raw_length = 0;    // including leading empty lines and the final one

  /// The bytes of the head now lie at `moved`.
  void rebase(const char* moved);
};

}  // namespace ringwall::http
