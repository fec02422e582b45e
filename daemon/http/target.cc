#include "daemon/http/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"
#include "daemon/http/scan.h"

namespace ringwall::http {
namespace {

constexpr std::array<bool, 256> build_host_chars() {
  std::array<bool, 256> table = {};
  for (char c : std::string_view("0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> host_chars = build_host_chars();

/// "[2001:db8::1]": the length with both brackets, or 0.
size_t ipv6_literal(std::string_view text) {
  size_t close = text.find(']');
  char address[INET6_ADDRSTRLEN] = {};
  if (close == std::string_view::npos || close - 1 >= sizeof(address)) return 0;
  std::memcpy(address, text.data() + 1, close - 1);
  if (std::strlen(address) != close - 1) return 0;  // a NUL inside
  in6_addr ignored;
  return inet_pton(AF_INET6, address, &ignored) == 1 ? close + 1 : 0;
}

bool parse_port(std::string_view text, uint16_t& out) {
  out = 0;
  if (text.empty()) return true;
  if (text.size() > 5) return false;
  auto number = parse_digits(text);
  if (!number || *number == 0 || *number > 65535) return false;
  out = static_cast<uint16_t>(*number);
  return true;
}

void split_query(std::string_view text, Target& out) {
  const void* mark = std::memchr(text.data(), '?', text.size());
  out.has_query = mark != nullptr;
  size_t at =
      mark ? static_cast<size_t>(static_cast<const char*>(mark) - text.data()) : text.size();
  out.path = text.substr(0, at);
  out.query = mark ? text.substr(at + 1) : std::string_view();
}

bool parse_absolute(Method method, std::string_view text, Target& out) {
  out.form = Target::Form::absolute;
  size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  out.scheme = text.substr(0, colon);
  if (!base::equal_ignoring_case(out.scheme, "http") &&
      !base::equal_ignoring_case(out.scheme, "https")) {
    return false;
  }
  std::string_view rest = text.substr(colon);
  if (!rest.starts_with("://")) return false;
  rest.remove_prefix(3);
  size_t end = rest.find_first_of("/?");
  Authority authority;
  if (!parse_authority(rest.substr(0, end), authority)) return false;
  out.host = authority.host;
  out.port = authority.port;
  split_query(rest.substr(end == std::string_view::npos ? rest.size() : end), out);
  if (out.path.empty()) {
    // RFC 9112 section 3.2.4: OPTIONS of a URI without path and query means the server itself.
    out.path = method == Method::options && !out.has_query ? "*" : "/";
  }
  return true;
}

}  // namespace

bool parse_authority(std::string_view text, Authority& out) {
  size_t n = 0;
  if (text.starts_with('[')) {
    n = ipv6_literal(text);
  } else {
    while (n < text.size() && host_chars[static_cast<unsigned char>(text[n])]) ++n;
  }
  if (n == 0) return false;
  out.host = text.substr(0, n);
  out.port = 0;
  if (n == text.size()) return true;
  return text[n] == ':' && parse_port(text.substr(n + 1), out.port);
}

bool parse_target(Method method, std::string_view text, Target& out) {
  out = Target();
  const char* end = text.data() + text.size();
  if (text.empty() || find_not_visible(text.data(), end) != end) return false;
  if (std::memchr(text.data(), '#', text.size()) != nullptr) return false;
  if (method == Method::connect) {
    out.form = Target::Form::authority;
    Authority authority;
    // RFC 9112 section 3.2.3: the port is not optional here.
    if (!parse_authority(text, authority) || authority.port == 0) return false;
    out.host = authority.host;
    out.port = authority.port;
    return true;
  }
  if (text.front() == '/') {
    split_query(text, out);
    return true;
  }
  if (text == "*") {
    out.form = Target::Form::asterisk;
    out.path = text;
    return method == Method::options;
  }
  return parse_absolute(method, text, out);
}

bool same_host(std::string_view a, std::string_view b) {
  if (a.ends_with('.')) a.remove_suffix(1);
  if (b.ends_with('.')) b.remove_suffix(1);
  return base::equal_ignoring_case(a, b);
}

}  // namespace ringwall::http
