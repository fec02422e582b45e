// The chunked coding: any split decodes to the same; what is encoded decodes to itself; trailers
// are clean lines.
#include "daemon/http/chunked.h"

#include <algorithm>
#include <memory>

#include "daemon/http/grammar.h"
#include "tests/fuzz/fuzz.h"

namespace ringwall::http {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  State state = State::more;
  std::string content;
  std::string trailers;
  size_t consumed = 0;
};

Decoded decode(std::string_view text, bool in_pieces) {
  ChunkDecoder decoder;
  Decoded all;
  fuzz::Cuts cuts(text);
  while (all.consumed < text.size() && all.state == State::more) {
    size_t left = text.size() - all.consumed;
    size_t n = in_pieces ? std::min(left, cuts.next(1 + text.size() / 4)) : left;
    std::unique_ptr<char[]> piece(new char[n]);
    text.copy(piece.get(), n, all.consumed);
    auto step = decoder.feed({piece.get(), n});
    all.state = step.state;
    if (step.state == State::malformed) break;
    CHECK(step.consumed > 0 && step.consumed <= n);
    CHECK(step.content.empty() ||
          (step.content.data() >= piece.get() &&
           step.content.data() + step.content.size() <= piece.get() + step.consumed));
    all.content += step.content;
    all.consumed += step.consumed;
  }
  if (all.state == State::done) all.trailers = decoder.trailers();
  return all;
}

void check_trailers(std::string_view trailers) {
  while (!trailers.empty()) {
    size_t end = trailers.find("\r\n");
    CHECK(end != std::string_view::npos);
    std::string_view line = trailers.substr(0, end);
    size_t colon = line.find(": ");
    CHECK(colon != std::string_view::npos && is_token(line.substr(0, colon)));
    CHECK(is_field_value(line.substr(colon + 2)));
    CHECK(allowed_in_trailers(recognise(line.substr(0, colon))));
    trailers.remove_prefix(end + 2);
  }
}

void check_encoded(std::string_view content) {
  std::string coded;
  fuzz::Cuts cuts(content);
  for (size_t at = 0; at < content.size();) {
    size_t n = std::min(content.size() - at, cuts.next(300));
    char head[chunk_head_bytes_max];
    coded.append(head, write_chunk_head(n, head));
    coded.append(content.substr(at, n)).append("\r\n");
    at += n;
  }
  coded += last_chunk;
  Decoded all = decode(coded, true);
  CHECK(all.state == State::done && all.consumed == coded.size());
  CHECK(all.content == content);
}

}  // namespace
}  // namespace ringwall::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringwall::http;
  std::string_view text = ringwall::fuzz::text_of(data, size);
  Decoded whole = decode(text, false);
  Decoded pieces = decode(text, true);
  // The decoder looks at every byte once, so even faults are found at any split; only in trailers
  // the content before them is all that was given out.
  CHECK(whole.state == pieces.state);
  CHECK(whole.content == pieces.content && whole.trailers == pieces.trailers);
  if (whole.state == State::done) CHECK(whole.consumed == pieces.consumed);
  check_trailers(whole.trailers);
  check_encoded(text);
  return 0;
}
