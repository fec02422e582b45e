// Request heads: parsed in pieces at moving addresses as when whole; what is accepted obeys the
// rules that keep the next parser from seeing another message; written anew it parses to the same.
#include <memory>

#include "daemon/http/connection.h"
#include "daemon/http/grammar.h"
#include "daemon/http/h1_head.h"
#include "daemon/http/head_writer.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

using State = HeadParse::State;

bool inside(std::string_view view, std::string_view whole) {
  return view.empty() || view == "/" || view == "*" ||
         (view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size());
}

void check_same(const RequestHead& a, const RequestHead& b) {
  CHECK(a.method == b.method && a.method_text == b.method_text);
  CHECK(a.target_text == b.target_text && a.version_minor == b.version_minor);
  CHECK(a.target.form == b.target.form && a.target.host == b.target.host);
  CHECK(a.target.port == b.target.port && a.target.path == b.target.path);
  CHECK(a.target.query == b.target.query && a.target.has_query == b.target.has_query);
  CHECK(a.framing == b.framing && a.keep_alive == b.keep_alive);
  CHECK(a.expect_continue == b.expect_continue && a.expect_other == b.expect_other);
  CHECK(a.fields.size() == b.fields.size());
  for (size_t i = 0; i < a.fields.size(); ++i) {
    const Field& x = a.fields.begin()[i];
    const Field& y = b.fields.begin()[i];
    CHECK(x.name == y.name && a.fields.name(x) == b.fields.name(y));
    CHECK(a.fields.value(x) == b.fields.value(y));
  }
}

/// In pieces, each time in a fresh buffer of exactly its size, so that the sanitizer sees every
/// byte read too many and every view left behind.
HeadParse parse_in_pieces(std::string_view text, const HeadLimits& limits, RequestHead& head,
                          std::unique_ptr<char[]>& buffer) {
  HeadParser parser(limits);
  fuzz::Cuts cuts(text);
  HeadParse parse;
  size_t n = 0;
  while (n < text.size() && parse.state == State::incomplete) {
    n += std::min(text.size() - n, cuts.next(1 + text.size() / 4));
    std::unique_ptr<char[]> moved(new char[n]);
    text.copy(moved.get(), n);
    parse = parser.request({moved.get(), n}, head);
    buffer = std::move(moved);
  }
  return parse;
}

void check_accepted(std::string_view text, const HeadParse& parse, const RequestHead& head) {
  CHECK(parse.consumed <= text.size() && parse.consumed <= base::head_bytes_max);
  std::string_view raw = text.substr(0, parse.consumed);
  CHECK(raw.ends_with("\r\n\r\n"));
  // Line ends are CRLF only, so lines count the same for everybody.
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\n') CHECK(i > 0 && raw[i - 1] == '\r');
    if (raw[i] == '\r') CHECK(i + 1 < raw.size() && raw[i + 1] == '\n');
    CHECK(raw[i] != '\0');
  }
  CHECK(is_token(head.method_text));
  for (std::string_view view : {head.method_text, head.target_text, head.target.host,
                                head.target.path, head.target.query, head.target.scheme}) {
    CHECK(inside(view, raw));
  }
  CHECK(head.fields.count(FieldName::host) <= 1);
  CHECK(head.version_minor == 0 || !head.target.host.empty());
  CHECK(head.fields.count(FieldName::content_length) <= 1);
  bool chunked = head.fields.has(FieldName::transfer_encoding);
  CHECK(!(chunked && head.fields.has(FieldName::content_length)));
  CHECK(chunked == (head.framing.kind == Framing::Kind::chunked));
  CHECK(head.framing.kind != Framing::Kind::until_close);
  for (const Field& field : head.fields) {
    CHECK(is_token(head.fields.name(field)));
    CHECK(is_field_value(head.fields.value(field)));
    CHECK(recognise(head.fields.name(field)) == field.name);
  }
}

void check_written_anew(const RequestHead& head) {
  std::string room(base::head_bytes_max + 1024, '\0');
  HeadWriter writer{std::span<char>(room)};
  writer.request_line(head.method_text, head.target_text);
  bool has_host = head.fields.has(FieldName::host);
  if (!has_host) writer.field(FieldName::host, "a");
  for (const Field& field : head.fields) writer.field(head.fields, field);
  writer.finish();
  CHECK(writer.ok());
  RequestHead again;
  HeadParse parse = parse_request_head(writer.text(), {}, again);
  // Spelled out "Name: value" a head may have grown beyond the limit; as HTTP/1.1 one more rule
  // applies to what came as HTTP/1.0.
  if (writer.size() > base::head_bytes_max || head.version_minor == 0) return;
  CHECK(parse.state == State::complete && parse.consumed == writer.size());
  CHECK(again.method == head.method && again.framing == head.framing);
  CHECK(again.target.host == head.target.host && again.target.path == head.target.path);
  CHECK(again.keep_alive == head.keep_alive && again.fields.size() == head.fields.size());
  ConnectionOptions options(again.fields);
  for (const Field& field : again.fields)
    CHECK(field.name != FieldName::host || !options.drops(field));
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  HeadLimits limits;
  if (size % 3 == 1) limits.target_bytes = 32;
  if (size % 5 == 1) limits.head_bytes = 200;
  if (size % 7 == 1) limits.fields = 4;
  RequestHead whole;
  HeadParse parse = parse_request_head(text, limits, whole);
  RequestHead pieces;
  std::unique_ptr<char[]> buffer;
  HeadParse in_pieces = parse_in_pieces(text, limits, pieces, buffer);
  if (parse.state == State::malformed) {
    CHECK(parse.status == 400 || parse.status == 414 || parse.status == 431 ||
          parse.status == 501 || parse.status == 505);
    // In pieces a fault in a line that has not ended may not have been looked for yet.
    CHECK(in_pieces.state != State::complete);
    return 0;
  }
  CHECK(in_pieces.state == parse.state);
  if (parse.state == State::incomplete) return 0;
  CHECK(in_pieces.consumed == parse.consumed);
  check_same(whole, pieces);
  check_accepted(text, parse, whole);
  check_written_anew(whole);
  return 0;
}
