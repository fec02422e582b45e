// The request target (RFC 9112 section 3.2) and the host it is for, as views into the head.
//
// Narrower than RFC 3986 where leniency only helps to confuse two parsers: no userinfo (RFC 9110
// section 4.2.4), no fragment, no bytes beyond visible ASCII, hosts of letters, digits and "-._~"
// or an IPv6 literal without zone (so no percent-encoded host names, which an origin might decode
// and a route would not), ports 1 to 65535. Other visible characters that RFC 3986 forbids in a
// path or query ("|", "{", "\") are let through as they are: browsers send them. Pure, no
// allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/http/method.h"

namespace ringwall::http {

/// uri-host [ ":" port ]
struct Authority {
  std::string_view host;  // as sent, IPv6 with its brackets; compare ignoring case
  uint16_t port = 0;      // 0: none given
};

/// False when `text` is no valid host with or without port. An empty port ("a:") is none.
bool parse_authority(std::string_view text, Authority& out);

/// The parts of the target URI that the request gives (RFC 9110 section 7.1).
struct Target {
  enum class Form : uint8_t { origin, absolute, authority, asterisk };

  Form form = Form::origin;
  std::string_view scheme;  // of absolute-form, as sent ("http" or "https" in any case); else empty
  /// Of the target in absolute and authority form, else of the Host field; as sent. Empty only for
  /// HTTP/1.0 without Host.
  std::string_view host;
  uint16_t port = 0;       // 0: none given
  std::string_view path;   // begins with "/"; "*" for asterisk, empty for authority form
  std::string_view query;  // without "?"
  bool has_query = false;  // "/a?" and "/a" are different targets
};

/// Parses a request target; the host of origin and asterisk form is left empty. False when it is
/// malformed or its form does not fit the method (authority: CONNECT only; asterisk: OPTIONS only).
bool parse_target(Method method, std::string_view text, Target& out);

/// Host names compare ignoring case and one trailing dot.
bool same_host(std::string_view a, std::string_view b);

}  // namespace ringwall::http
