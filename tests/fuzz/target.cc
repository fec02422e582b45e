// Request targets and authorities: the parts put together are the whole; no two forms for one text.
#include "daemon/http/target.h"

#include "daemon/base/text.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

void check_host(std::string_view host) {
  CHECK(!host.empty());
  for (char c : host) CHECK(c > 0x20 && c != 0x7f && c != '/' && c != '@' && c != '%' && c != ',');
}

void check_target(Method method, std::string_view text) {
  Target target;
  if (!parse_target(method, text, target)) return;
  for (char c : text) CHECK(c > 0x20 && c != 0x7f && c != '#');
  std::string query = target.has_query ? "?" + std::string(target.query) : "";
  switch (target.form) {
    case Target::Form::origin:
      CHECK(text.front() == '/' && target.host.empty() && method != Method::connect);
      CHECK(std::string(target.path) + query == text);
      break;
    case Target::Form::absolute: {
      check_host(target.host);
      CHECK(base::equal_ignoring_case(target.scheme, "http") ||
            base::equal_ignoring_case(target.scheme, "https"));
      CHECK(target.path.starts_with('/') || (target.path == "*" && method == Method::options));
      bool written =
          target.path.data() >= text.data() && target.path.data() < text.data() + text.size();
      CHECK(text.ends_with((written ? std::string(target.path) : "") + query));
      break;
    }
    case Target::Form::authority:
      CHECK(method == Method::connect && target.port != 0);
      check_host(target.host);
      break;
    case Target::Form::asterisk:
      CHECK(method == Method::options && text == "*");
      break;
  }
}

void check_authority(std::string_view text) {
  Authority authority;
  if (!parse_authority(text, authority)) return;
  check_host(authority.host);
  CHECK(text.starts_with(authority.host));
  std::string_view rest = text.substr(authority.host.size());
  CHECK(rest.empty() || rest.front() == ':');
  CHECK((authority.port == 0) == (rest.size() <= 1));
  // What it gives is read the same way again.
  std::string again = std::string(authority.host) + ":" + std::to_string(authority.port);
  Authority second;
  CHECK(parse_authority(again, second) == (authority.port != 0));
  if (authority.port != 0) CHECK(second.host == authority.host && second.port == authority.port);
  CHECK(same_host(authority.host, base::to_lower(authority.host)));
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  for (Method method : {Method::get, Method::connect, Method::options}) check_target(method, text);
  check_authority(text);
  return 0;
}
