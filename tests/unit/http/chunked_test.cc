#include "daemon/http/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwall::http {
namespace {

using State = ChunkDecoder::State;
using namespace std::string_literals;

struct Decoded {
  State state = State::more;
  std::string content;
  std::string trailers;
  size_t consumed = 0;
  std::string reason;
};

/// Feeds `text` in pieces of at most `piece` bytes.
Decoded decode(std::string_view text, size_t piece = SIZE_MAX) {
  ChunkDecoder decoder;
  Decoded all;
  while (all.consumed < text.size() && all.state == State::more) {
    auto step = decoder.feed(text.substr(all.consumed, piece));
    all.state = step.state;
    all.content += step.content;
    all.reason = step.reason;
    EXPECT_TRUE(step.consumed > 0 || step.state == State::malformed);
    all.consumed += step.consumed;
  }
  if (all.state == State::done) all.trailers = decoder.trailers();
  return all;
}

TEST(Chunked, content_is_what_was_in_the_chunks) {
  std::string text =
      "5\r\nhello\r\n006;a=b\r\n world\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
  Decoded all = decode(text + "GET /");
  EXPECT_EQ(all.state, State::done) << all.reason;
  EXPECT_EQ(all.content, "hello worldabcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(all.consumed, text.size());
  EXPECT_EQ(all.trailers, "");
}

TEST(Chunked, every_split_gives_the_same) {
  std::string text =
      "5 ;x=\"a;\\\"b\"\r\nhello\r\n6\t;y\r\n world\r\n0;z\r\nDigest: x\r\nFoo:y\r\n\r\nrest";
  for (size_t piece = 1; piece < text.size(); ++piece) {
    Decoded all = decode(text, piece);
    EXPECT_EQ(all.state, State::done) << piece << all.reason;
    EXPECT_EQ(all.content, "hello world");
    EXPECT_EQ(all.trailers, "Digest: x\r\nFoo: y\r\n");
    EXPECT_EQ(all.consumed, text.size() - 4);
  }
}

TEST(Chunked, every_prefix_wants_more) {
  std::string text = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (size_t n = 0; n < text.size(); ++n) {
    EXPECT_EQ(decode(std::string_view(text).substr(0, n)).state, State::more) << n;
  }
}

TEST(Chunked, content_lies_in_the_input) {
  std::string text = "5\r\nhello\r\n";
  ChunkDecoder decoder;
  auto step = decoder.feed(text);
  EXPECT_EQ(step.content.data(), text.data() + 3);
  EXPECT_EQ(step.consumed, 8u);
  EXPECT_EQ(decoder.chunk_left(), 0u);
  ChunkDecoder partly;
  partly.feed("5\r\nhe");
  EXPECT_EQ(partly.chunk_left(), 3u);
}

TEST(Chunked, malformed_chunks_are_refused) {
  for (const auto& text : std::vector<std::string>{"\r\n",
                                                   "x\r\n",
                                                   " 5\r\nhello\r\n",
                                                   "+5\r\nhello\r\n",
                                                   "-5\r\n",
                                                   "0x5\r\nhello\r\n",
                                                   "5\nhello\r\n",
                                                   "5\rhello",
                                                   "5 \r\nhello\r\n",
                                                   "5 5\r\n",
                                                   "5h\r\n",
                                                   ";a\r\n",
                                                   "5,\r\n",
                                                   "5\r\nhello\n",
                                                   "5\r\nhelloo\r\n",
                                                   "5\r\nhello\r5",
                                                   "5\r\nhell\r\n0\r\n\r\n",
                                                   "5\r\nhello0\r\n\r\n",
                                                   "5;a\nb\r\nhello",
                                                   "5;a\rb\r\nhello",
                                                   "5;\0\r\nhello"s,
                                                   "5;a=\"\r\n\"\r\nhello",
                                                   "5;a=\"\n\"\r\n",
                                                   "5;\x7f\r\n",
                                                   "\0"s,
                                                   "1ffffffffffffffffffff\r\n",
                                                   "10000000000000000\r\n",
                                                   "ffffffffffffffff\r\n",
                                                   "0\r\nA: b\n\r\n",
                                                   "0\r\n\n",
                                                   "0\n\r\n",
                                                   "0\r\nA : b\r\n\r\n",
                                                   "0\r\nA\r\n\r\n",
                                                   "0\r\n: b\r\n\r\n",
                                                   "0\r\n A: b\r\n\r\n",
                                                   "0\r\nA: b\r\n c\r\n\r\n",
                                                   "0\r\nA: b\rc\r\n\r\n",
                                                   "0\r\nA: \0\r\n\r\n"s}) {
    for (size_t piece : {size_t{1}, SIZE_MAX}) {
      Decoded all = decode(text, piece);
      EXPECT_EQ(all.state, State::malformed) << text;
      EXPECT_NE(all.reason, "") << text;
    }
  }
}

TEST(Chunked, sizes_are_bounded_but_leading_zeros_are_not_counted) {
  EXPECT_EQ(decode("00000000000000000000005\r\nhello\r\n0\r\n\r\n").content, "hello");
  ChunkDecoder decoder;
  decoder.feed("fffffffffffff\r\nx");
  EXPECT_EQ(decoder.chunk_left(), 0xfffffffffffffu - 1);
}

TEST(Chunked, long_lines_and_many_extensions_are_refused) {
  std::string fits = "5;" + std::string(base::chunk_line_bytes_max - 4, 'a') + "\r\nhello\r\n";
  EXPECT_EQ(decode(fits).content, "hello");
  std::string too_long = "5;" + std::string(base::chunk_line_bytes_max - 3, 'a') + "\r\nhello\r\n";
  EXPECT_EQ(decode(too_long).state, State::malformed);
  EXPECT_EQ(decode(std::string(base::chunk_line_bytes_max + 1, '0')).state, State::malformed);
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "1;a\r\nx\r\n";
  EXPECT_EQ(decode(many).state, State::malformed);
}

TEST(Chunked, trailers_that_could_change_the_message_are_dropped) {
  Decoded all = decode(
      "0\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\nHost: b\r\nGrpc-Status: 0\r\n"
      "Authorization: x\r\nSet-Cookie: x\r\nCache-Control: x\r\nContent-Type: x\r\n"
      "X-Forwarded-For: 1.1.1.1\r\nConnection: x\r\nETag: \"a\"\r\n\r\n");
  EXPECT_EQ(all.state, State::done) << all.reason;
  EXPECT_EQ(all.trailers, "Grpc-Status: 0\r\nETag: \"a\"\r\n");
}

TEST(Chunked, a_trailer_section_is_bounded) {
  std::string line = "A: " + std::string(1000, 'b') + "\r\n";
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += line;
  EXPECT_EQ(decode("0\r\n" + lines + "\r\n").state, State::done);
  EXPECT_EQ(decode("0\r\n" + lines + lines + "\r\n").state, State::malformed);
  EXPECT_EQ(decode("0\r\nA: " + std::string(20000, 'b'), 100).state, State::malformed);
}

TEST(Chunked, a_decoder_can_be_replaced_by_a_new_one) {
  ChunkDecoder decoder;
  decoder.feed("0\r\nA: b\r\n\r\n");
  EXPECT_TRUE(decoder.done());
  decoder = ChunkDecoder();
  EXPECT_FALSE(decoder.done());
  EXPECT_EQ(decoder.feed("1\r\nx").content, "x");
}

TEST(Chunked, chunk_heads_are_written_in_hexadecimal) {
  auto written = [](uint64_t size) {
    char out[chunk_head_bytes_max];
    return std::string(out, write_chunk_head(size, out));
  };
  EXPECT_EQ(written(1), "1\r\n");
  EXPECT_EQ(written(15), "f\r\n");
  EXPECT_EQ(written(16), "10\r\n");
  EXPECT_EQ(written(262144), "40000\r\n");
  EXPECT_EQ(written(UINT64_MAX), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace ringwall::http
