#include "daemon/http/method.h"

#include <array>

namespace ringwall::http {
namespace {

constexpr std::array<std::string_view, 10> texts = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};
static_assert(texts[static_cast<size_t>(Method::other)].empty());

Method if_equal(std::string_view text, Method method) {
  return text == texts[static_cast<size_t>(method)] ? method : Method::other;
}

}  // namespace

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      return text[0] == 'G' ? if_equal(text, Method::get) : if_equal(text, Method::put);
    case 4:
      return text[0] == 'H' ? if_equal(text, Method::head) : if_equal(text, Method::post);
    case 5:
      return text[0] == 'P' ? if_equal(text, Method::patch) : if_equal(text, Method::trace);
    case 6:
      return if_equal(text, Method::delete_);
    case 7:
      return text[0] == 'C' ? if_equal(text, Method::connect) : if_equal(text, Method::options);
    default:
      return Method::other;
  }
}

std::string_view text_of(Method method) {
  return texts[static_cast<size_t>(method)];
}

}  // namespace ringwall::http
