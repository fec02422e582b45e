// Forwarding fields: whatever a client sends before, the entry that a trusted proxy appends
// decides, and what is written is a valid head. Via and Cache-Status are written with the same
// bytes.
#include "daemon/http/forwarded.h"

#include <array>

#include "daemon/http/cache_status.h"
#include "daemon/http/h1_head.h"
#include "daemon/http/via.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

using State = HeadParse::State;

std::string head_of(std::string_view name, std::string_view value) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(name) + ": " + std::string(value) +
         "\r\n\r\n";
}

struct Setting {
  base::Address proxy = *base::Address::parse("10.0.0.1:1");
  base::Address client = *base::Address::parse("192.0.2.77:0");
  base::PrefixSet trusted;
  Setting() { trusted.add(*base::Prefix::parse("10.0.0.0/8")); }
};

void check_client(const Setting& setting, std::string_view forged) {
  RequestHead head;
  // As a trusted proxy forwards it: the client's address appended, in the list or in a line more.
  for (const char* appended : {", 192.0.2.77", "\r\nX-Forwarded-For: 192.0.2.77"}) {
    std::string text = head_of("X-Forwarded-For", std::string(forged) + appended);
    if (parse_request_head(text, {}, head).state != State::complete) return;
    CHECK(client_address(head.fields, setting.proxy, setting.trusted) == setting.client);
    CHECK(client_address(head.fields, setting.client, setting.trusted) == setting.client);
  }
  std::string text = head_of("Forwarded", std::string(forged) + "\r\nForwarded: for=192.0.2.77");
  if (parse_request_head(text, {}, head).state != State::complete) return;
  CHECK(client_address(head.fields, setting.proxy, setting.trusted, FieldName::forwarded) ==
        setting.client);
}

void check_written(const Setting& setting, std::string_view value) {
  RequestHead head;
  std::string text = head_of("Forwarded", value);
  if (parse_request_head(text, {}, head).state != State::complete) return;
  for (bool keep : {false, true}) {
    std::string room(10 * text.size() + 1024, '\0');
    HeadWriter out{std::span<char>(room)};
    out.request_line("GET", "/");
    out.field(FieldName::host, "a");
    write_forwarding(out, head.fields, {setting.proxy, "http", value, keep});
    write_via(out, 1, "ringwall");
    CacheStatus status;
    status.detail = value;
    write_cache_status(out, value, status);
    out.finish();
    CHECK(out.ok());
    RequestHead again;
    HeadParse parse = parse_request_head(out.text(), {}, again);
    if (out.size() > base::head_bytes_max) return;
    CHECK(parse.state == State::complete && parse.consumed == out.size());
    CHECK(again.fields.first(FieldName::x_forwarded_for) == "10.0.0.1");
    CHECK(count_in_via(again.fields, "ringwall") == 1);
    CHECK(again.fields.count(FieldName::forwarded) == (keep ? 1u : 0u));
  }
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  static const Setting setting;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  if (text.find_first_of("\r\n") != std::string_view::npos) return 0;  // one field line is meant
  ringwall::base::Address node = parse_node(text);
  if (!node.empty()) CHECK(parse_node(node.ip()).ip() == node.ip());
  check_client(setting, text);
  check_written(setting, text);
  return 0;
}
