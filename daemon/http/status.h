// Status codes (RFC 9110 section 15): their registered phrases and classes. Pure.
#pragma once

#include <string_view>

namespace ringwall::http {

/// The registered reason phrase, or that of the class for codes without one; never empty.
std::string_view reason_phrase(unsigned status);

constexpr bool is_interim(unsigned status) {
  return status >= 100 && status < 200;
}
constexpr bool is_success(unsigned status) {
  return status >= 200 && status < 300;
}
constexpr bool is_redirect(unsigned status) {
  return status >= 300 && status < 400;
}
constexpr bool is_client_error(unsigned status) {
  return status >= 400 && status < 500;
}
constexpr bool is_server_error(unsigned status) {
  return status >= 500 && status < 600;
}

/// RFC 9110 section 6.4.1: responses that never have content, whatever their fields say.
constexpr bool never_has_content(unsigned status) {
  return is_interim(status) || status == 204 || status == 304;
}

}  // namespace ringwall::http
