#include "daemon/http/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

using Kind = Framing::Kind;

struct Vector {
  const char* lines;
  unsigned status;  // 0: accepted
};

// The known ways to make two parsers disagree on where a request ends.
const std::vector<Vector> smuggling = {
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
    {"Content-Length: 0\r\nTransfer-Encoding: identity\r\n", 400},
    {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
    {"Content-Length: 5, 5\r\n", 400},
    {"Content-Length: 5,6\r\n", 400},
    {"Content-Length: 5 5\r\n", 400},
    {"Content-Length: +5\r\n", 400},
    {"Content-Length: -5\r\n", 400},
    {"Content-Length: 0x5\r\n", 400},
    {"Content-Length: 5.0\r\n", 400},
    {"Content-Length: 5e1\r\n", 400},
    {"Content-Length: \"5\"\r\n", 400},
    {"Content-Length: \r\n", 400},
    {"Content-Length: five\r\n", 400},
    {"Content-Length: 5;a=b\r\n", 400},
    {"Content-Length: 18446744073709551616\r\n", 400},
    {"Content-Length: 99999999999999999999\r\n", 400},
    {"Content-Length: 9223372036854775808\r\n", 400},
    {"Content-Length: \xc2\xa0"
     "5\r\n",
     400},
    {"Content_Length: 5\r\nContent-Length: 6\r\n", 0},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding: chunked, chunked\r\n", 400},
    {"Transfer-Encoding: chunked, identity\r\n", 400},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
    {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 501},
    {"Transfer-Encoding: chunked, gzip\r\n", 400},
    {"Transfer-Encoding: gzip, chunked\r\n", 501},
    {"Transfer-Encoding: gzip\r\n", 501},
    {"Transfer-Encoding: identity\r\n", 501},
    {"Transfer-Encoding: xchunked\r\n", 501},
    {"Transfer-Encoding: chunkedx\r\n", 501},
    {"Transfer-Encoding: chunk\r\n", 501},
    {"Transfer-Encoding: chunked;a=b\r\n", 501},
    {"Transfer-Encoding: \"chunked\"\r\n", 400},
    {"Transfer-Encoding: 'chunked'\r\n", 501},
    {"Transfer-Encoding: chunked,\r\n", 501},
    {"Transfer-Encoding: ,chunked\r\n", 400},
    {"Transfer-Encoding: chunked chunked\r\n", 400},
    {"Transfer-Encoding: \r\n", 400},
    {"Transfer-Encoding: \x0b"
     "chunked\r\n",
     400},
    {"Transfer-Encoding: chunked\x0b\r\n", 400},
    {"Transfer-Encoding: \xc2\xa0"
     "chunked\r\n",
     400},
    {"Transfer-Encoding : chunked\r\n", 400},
    {"Transfer-Encoding\t: chunked\r\n", 400},
    {"Transfer-Encoding:\r\n chunked\r\n", 400},
    {"Transfer-Encoding\r\n: chunked\r\n", 400},
    {" Transfer-Encoding: chunked\r\n", 400},
    {"X: y\nTransfer-Encoding: chunked\r\n", 400},
    {"X: y\rTransfer-Encoding: chunked\r\n", 400},
    {"\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer\xe2\x80\x90"
     "Encoding: chunked\r\n",
     400},
};

TEST(Framing, what_two_parsers_could_read_differently_is_refused) {
  for (const auto& [lines, status] : smuggling) {
    WithFields parsed(lines);
    EXPECT_EQ(parsed.refused(), status) << lines;
    EXPECT_EQ(parsed.complete(), status == 0) << lines;
  }
}

TEST(Framing, the_same_from_an_origin_is_a_502_and_never_complete) {
  for (const auto& [lines, status] : smuggling) {
    if (status == 0) continue;
    ParsedResponse parsed("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n");
    for (Method method : {Method::get, Method::head}) {
      unsigned got = parsed.parse.status;
      if (parsed.complete()) got = response_framing(parsed.head, method).status;
      EXPECT_EQ(got, 502u) << lines;
    }
  }
}

TEST(Framing, of_requests) {
  EXPECT_EQ(WithFields("").head.framing, Framing());
  EXPECT_EQ(WithFields("Content-Length: 0\r\n").head.framing, (Framing{Kind::length, 0}));
  EXPECT_EQ(WithFields("Content-Length: 12\r\n").head.framing, (Framing{Kind::length, 12}));
  EXPECT_EQ(WithFields("Content-Length:\t012 \r\n").head.framing, (Framing{Kind::length, 12}));
  EXPECT_EQ(WithFields("Content-Length: 999999999999999999\r\n").head.framing.length,
            999999999999999999u);
  for (const char* coding : {"chunked", "Chunked", "CHUNKED", " \tchunked\t "}) {
    WithFields parsed("Transfer-Encoding:" + std::string(coding) + "\r\n");
    EXPECT_EQ(parsed.head.framing.kind, Kind::chunked) << coding;
  }
}

TEST(Framing, chunks_from_http_1_0_are_refused) {
  EXPECT_EQ(ParsedRequest("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").refused(), 400u);
  ParsedResponse parsed("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(response_framing(parsed.head, Method::get).status, 502u);
}

Framing framing_of(const char* text, Method method = Method::get) {
  ParsedResponse parsed(text);
  EXPECT_TRUE(parsed.complete()) << text;
  FramingResult result = response_framing(parsed.head, method);
  EXPECT_TRUE(result.ok()) << text << result.reason;
  return result.framing;
}

TEST(Framing, of_responses) {
  EXPECT_EQ(framing_of("HTTP/1.1 200 OK\r\n\r\n").kind, Kind::until_close);
  EXPECT_EQ(framing_of("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), (Framing{Kind::length, 7}));
  EXPECT_EQ(framing_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").kind,
            Kind::chunked);
  EXPECT_EQ(framing_of("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n").length, 7u);
}

TEST(Framing, responses_that_never_have_content) {
  constexpr const char* with_length = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
  EXPECT_EQ(framing_of(with_length, Method::head).kind, Kind::none);
  EXPECT_EQ(framing_of(with_length, Method::connect).kind, Kind::none);
  EXPECT_EQ(framing_of("HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\n", Method::connect).length, 7u);
  EXPECT_EQ(framing_of("HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n").kind, Kind::none);
  EXPECT_EQ(framing_of("HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n").kind, Kind::none);
  EXPECT_EQ(framing_of("HTTP/1.1 101 Switch\r\n\r\n").kind, Kind::none);
}

TEST(Framing, the_length_told_without_content_can_be_asked_for) {
  EXPECT_EQ(content_length(WithFields("Content-Length: 7\r\n").fields()), 7u);
  EXPECT_EQ(content_length(WithFields("").fields()), std::nullopt);
}

}  // namespace
}  // namespace ringwall::http
