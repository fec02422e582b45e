// Response heads: parsed in pieces as when whole, framed only where there is no doubt.
#include <memory>

#include "daemon/http/grammar.h"
#include "daemon/http/h1_head.h"
#include "daemon/http/head_writer.h"
#include "daemon/http/status.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

using State = HeadParse::State;

HeadParse parse_in_pieces(std::string_view text, ResponseHead& head,
                          std::unique_ptr<char[]>& buffer) {
  HeadParser parser{HeadLimits()};
  fuzz::Cuts cuts(text);
  HeadParse parse;
  size_t n = 0;
  while (n < text.size() && parse.state == State::incomplete) {
    n += std::min(text.size() - n, cuts.next(1 + text.size() / 4));
    std::unique_ptr<char[]> moved(new char[n]);
    text.copy(moved.get(), n);
    parse = parser.response({moved.get(), n}, head);
    buffer = std::move(moved);
  }
  return parse;
}

void check_framing(const ResponseHead& head) {
  for (Method method : {Method::get, Method::head, Method::connect}) {
    FramingResult result = response_framing(head, method);
    if (!result.ok()) {
      CHECK(result.status == 502 && result.reason != nullptr);
      continue;
    }
    if (never_has_content(head.status)) CHECK(result.framing.kind == Framing::Kind::none);
    if (method == Method::head) CHECK(result.framing.kind == Framing::Kind::none);
    CHECK(!head.fields.has(FieldName::content_length) ||
          !head.fields.has(FieldName::transfer_encoding));
    if (result.framing.kind == Framing::Kind::length) {
      CHECK(content_length(head.fields) == result.framing.length);
    }
    if (result.framing.kind == Framing::Kind::chunked) CHECK(head.version_minor == 1);
  }
}

void check_written_anew(const ResponseHead& head) {
  std::string room(base::head_bytes_max + 1024, '\0');
  HeadWriter writer{std::span<char>(room)};
  writer.status_line(head.status, head.reason);
  for (const Field& field : head.fields) writer.field(head.fields, field);
  writer.finish();
  CHECK(writer.ok());
  if (writer.size() > base::head_bytes_max) return;
  ResponseHead again;
  HeadParse parse = parse_response_head(writer.text(), {}, again);
  CHECK(parse.state == State::complete && parse.consumed == writer.size());
  CHECK(again.status == head.status && again.fields.size() == head.fields.size());
  for (size_t i = 0; i < head.fields.size(); ++i) {
    CHECK(again.fields.value(again.fields.begin()[i]) == head.fields.value(head.fields.begin()[i]));
  }
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  ResponseHead whole;
  HeadParse parse = parse_response_head(text, {}, whole);
  ResponseHead pieces;
  std::unique_ptr<char[]> buffer;
  HeadParse in_pieces = parse_in_pieces(text, pieces, buffer);
  if (parse.state == State::malformed) {
    CHECK(parse.status == 502);
    CHECK(in_pieces.state != State::complete);
    return 0;
  }
  CHECK(in_pieces.state == parse.state);
  if (parse.state == State::incomplete) return 0;
  CHECK(parse.consumed <= size && in_pieces.consumed == parse.consumed);
  CHECK(whole.status == pieces.status && whole.reason == pieces.reason);
  CHECK(whole.keep_alive == pieces.keep_alive && whole.fields.size() == pieces.fields.size());
  check_framing(whole);
  check_framing(pieces);
  check_written_anew(whole);
  return 0;
}
