// What a request selects among stored responses. Vary: a request fits the selectors written of it,
// and two requests fit each other's or neither. Keys: a query in its normal form stays as it is, a
// sorted one has one order, and no URL can forge a line of the key.
//
// The input is the value of Vary, the query, and from the third line on the request's fields.
#include <algorithm>
#include <array>

#include "daemon/caching/key.h"
#include "daemon/caching/key_query.h"
#include "daemon/caching/vary.h"
#include "daemon/http/h1_head.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::caching {
namespace {

using Room = std::array<char, 4096>;

/// Takes one line off `text`.
std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string head_of(std::string_view lines) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  while (!lines.empty()) head.append(take_line(lines)).append("\r\n");
  return head + "\r\n";
}

void check_vary(const http::FieldSection& request, const http::FieldSection& other,
                const http::FieldSection& response, const conf::RouteCache& settings) {
  Room room;
  auto selectors = write_selectors(request, response, settings, room);
  if (!selectors || selectors->empty()) return;
  CHECK(selectors->ends_with('\n'));
  CHECK(selects(*selectors, request, settings));
  Room described;
  size_t length = describe_like(*selectors, request, settings, described);
  CHECK(std::string_view(described.data(), length) == *selectors);
  auto others = write_selectors(other, response, settings, described);
  CHECK(others && selects(*selectors, other, settings) == (*others == *selectors));
}

void check_query(std::string_view query, const conf::CacheKey& settings) {
  std::array<char, key_bytes_max> room;
  auto once = write_query(query, settings, room);
  if (!once) return;
  CHECK(once->size() <= query.size() + 1);
  if (once->empty()) return;
  CHECK(once->front() == '?');
  std::array<char, key_bytes_max> second;
  CHECK(write_query(once->substr(1), settings, second) == once);
}

void check_key(std::string_view query, const http::FieldSection& request) {
  conf::CacheKey settings;
  check_query(query, settings);
  settings.query_sorted = true;
  check_query(query, settings);
  settings.query_without = {"a*", "%41"};
  check_query(query, settings);
  settings.fields = {"x-a", "accept"};
  settings.cookies = {"a", "b"};
  KeyParts parts{"http", "a", 0, "/", query, true};
  char out[key_bytes_max];
  std::string_view key(out, write_key(parts, settings, request, out));
  if (!key.empty()) CHECK(std::count(key.begin(), key.end(), '\n') == 4);
}

}  // namespace
}  // namespace ringwall::caching

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall;
  using State = http::HeadParse::State;
  std::string_view text = fuzz::text_of(data, size);
  std::string vary(caching::take_line(text));
  std::string_view query = caching::take_line(text);
  std::string lines = caching::head_of(text);
  std::string other_lines = caching::head_of(text.substr(0, text.rfind('\n')));
  std::string answer = "HTTP/1.1 200 OK\r\nVary: " + vary + "\r\n\r\n";
  http::RequestHead request;
  http::RequestHead other;
  http::ResponseHead response;
  if (http::parse_request_head(lines, {}, request).state != State::complete) return 0;
  if (http::parse_request_head(other_lines, {}, other).state != State::complete) return 0;
  if (http::parse_response_head(answer, {}, response).state == State::complete) {
    conf::RouteCache settings;
    caching::check_vary(request.fields, other.fields, response.fields, settings);
    settings.languages = {"de", "en-GB"};
    settings.accept_encoding = conf::RouteCache::Encodings::as_sent;
    caching::check_vary(request.fields, other.fields, response.fields, settings);
  }
  bool visible = std::all_of(query.begin(), query.end(), [](char c) { return c > ' ' && c < 127; });
  if (visible) caching::check_key(query, request.fields);
  return 0;
}
