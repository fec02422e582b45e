// ResponseHead: a parsed and validated HTTP/1 response head, interim or final. Its views point into
// the raw head, as those of RequestHead do. The framing of the content depends on the request too:
// response_framing (daemon/http/framing.h).
#pragma once

#include <string_view>

#include "daemon/http/fields.h"
#include "daemon/http/framing.h"

namespace ringwall::http {

struct ResponseHead {
  uint16_t status = 0;  // 100 to 599
  uint8_t version_minor = 1;
  /// RFC 9112 section 9.3: the server lets the connection live after this response, provided that
  /// its framing tells where it ends.
  bool keep_alive = false;
  std::string_view reason;  // the phrase as sent, perhaps empty
  FieldSection fields;
  const char* raw = nullptr;  // the first byte the parser was given
  uint32_t raw_length = 0;

  /// The bytes of the head now lie at `moved`.
  void rebase(const char* moved);
};

}  // namespace ringwall::http
