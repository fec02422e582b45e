// Request methods (RFC 9110 section 9): the registered ones as an enum, all others as `other`, for
// which the text of the request line is what counts. Methods are case-sensitive. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringwall::http {

enum class Method : uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  other,
};

/// `other` for anything not known, "get" included.
Method method_of(std::string_view text);

/// "GET" and so on; "" for `other`.
std::string_view text_of(Method method);

/// RFC 9110 section 9.2.1: GET, HEAD, OPTIONS, TRACE. `other` is not safe.
constexpr bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options ||
         method == Method::trace;
}

/// RFC 9110 section 9.2.2: the safe ones, PUT and DELETE. `other` is not idempotent.
constexpr bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::put || method == Method::delete_;
}

}  // namespace ringwall::http
