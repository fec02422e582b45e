#include "daemon/http/h1_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

using State = HeadParse::State;
using namespace std::string_literals;

TEST(RequestHead, a_plain_request_is_taken_apart) {
  ParsedRequest parsed("GET /a?b=c HTTP/1.1\r\nHost: Example.org:8080\r\nAccept: */*\r\n\r\nrest");
  ASSERT_TRUE(parsed.complete()) << parsed.parse.reason;
  EXPECT_EQ(parsed.parse.consumed, parsed.text.size() - 4);
  const RequestHead& head = parsed.head;
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target_text, "/a?b=c");
  EXPECT_EQ(head.target.path, "/a");
  EXPECT_EQ(head.target.query, "b=c");
  EXPECT_EQ(head.target.host, "Example.org");
  EXPECT_EQ(head.target.port, 8080);
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing.kind, Framing::Kind::none);
  EXPECT_EQ(head.fields.size(), 2u);
  EXPECT_EQ(head.raw_length, parsed.parse.consumed);
}

TEST(RequestHead, every_prefix_is_incomplete_and_any_split_gives_the_same) {
  std::string text =
      "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\nConnection: close\r\n\r\n";
  for (size_t split = 0; split < text.size(); ++split) {
    HeadParser parser{HeadLimits()};
    RequestHead head;
    std::string first = text.substr(0, split);  // lies elsewhere than the whole
    ASSERT_EQ(parser.request(first, head).state, State::incomplete) << split;
    HeadParse parse = parser.request(text, head);
    first.assign(first.size(), '#');
    ASSERT_EQ(parse.state, State::complete) << split << parse.reason;
    EXPECT_EQ(parse.consumed, text.size());
    EXPECT_EQ(head.method_text, "POST");
    EXPECT_EQ(head.target.path, "/a");
    EXPECT_EQ(head.framing.length, 5u);
    EXPECT_EQ(head.fields.size(), 4u);
    EXPECT_EQ(head.fields.first("x"), "y");
    EXPECT_FALSE(head.keep_alive);
  }
}

TEST(RequestHead, bytes_that_come_one_by_one_are_a_request_too) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + std::string(5000, 'c') + "\r\n\r\n";
  HeadParser parser{HeadLimits()};
  RequestHead head;
  for (size_t n = 1; n < text.size(); ++n) {
    ASSERT_EQ(parser.request(std::string_view(text).substr(0, n), head).state, State::incomplete);
  }
  ASSERT_EQ(parser.request(text, head).state, State::complete);
  EXPECT_EQ(head.fields.first(FieldName::cookie)->size(), 5000u);
}

TEST(RequestHead, two_empty_lines_before_a_request_are_skipped_and_no_more) {
  ParsedRequest parsed("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.parse.consumed, parsed.text.size());
  EXPECT_EQ(parsed.head.target.host, "a");
  EXPECT_EQ(ParsedRequest("\r\n\r\n\r\nGET / HTTP/1.1\r\n").refused(), 400u);
  EXPECT_EQ(ParsedRequest("\nGET / HTTP/1.1\r\n").refused(), 400u);
  EXPECT_EQ(ParsedRequest("\rGET / HTTP/1.1\r\n").refused(), 400u);
}

struct Vector {
  std::string text;
  unsigned status;
};

TEST(RequestHead, malformed_request_lines_are_refused) {
  for (const auto& [line, status] : std::vector<Vector>{
           {" GET / HTTP/1.1\r\n", 400},
           {"GET  / HTTP/1.1\r\n", 400},
           {"GET /  HTTP/1.1\r\n", 400},
           {"GET / HTTP/1.1 \r\n", 400},
           {"GET\t/ HTTP/1.1\r\n", 400},
           {"GET /\tHTTP/1.1\r\n", 400},
           {"GET /\r\n\r\n", 400},
           {"GET\r\n\r\n", 400},
           {"GET / HTTP/1.1\n\r\n\r\n", 400},
           {"GET / HTTP/1.1\rX\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\r\n\r\n", 400},
           {"GET /a b HTTP/1.1\r\n\r\n", 400},
           {"GET / http/1.1\r\n\r\n", 400},
           {"GET / HTTP/1\r\n\r\n\r\n", 400},
           {"GET / HTTP/1.10\r\n\r\n", 400},
           {"GET / HTTP/11.1\r\n\r\n", 400},
           {"GET / HTTP/x.1\r\n\r\n", 400},
           {"GET / HTTP 1.1\r\n\r\n", 400},
           {"G@T / HTTP/1.1\r\n", 400},
           {"\x16\x03\x01\x02", 400},  // a TLS client hello
           {"GET /\x01 HTTP/1.1\r\n", 400},
           {"GET /\0 HTTP/1.1\r\n"s, 400},
           {"GET /\xff HTTP/1.1\r\n", 400},
           {"GET / HTTP/2.0\r\n\r\n", 505},
           {"GET / HTTP/0.9\r\n\r\n", 505},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
           {std::string(65, 'M') + " / HTTP/1.1\r\n", 501},
       }) {
    EXPECT_EQ(ParsedRequest(line + "Host: a\r\n\r\n").refused(), status) << line;
  }
}

TEST(RequestHead, malformed_field_lines_are_refused) {
  for (const auto& line : std::vector<std::string>{
           "X : y\r\n",       "X\t: y\r\n",      " X: y\r\n",    "\tX: y\r\n",     "X: y\r\n z\r\n",
           "X: y\r\n\tz\r\n", ": y\r\n",         "X\r\n",        "X y\r\n",        "X[: y\r\n",
           "X(: y\r\n",       "\xc3\xa9: y\r\n", "X: y\n",       "X: y\rZ: w\r\n", "X: y\r\r\n",
           "X: \ry\r\n",      "X: y\nZ: w\r\n",  "X:\x01y\r\n",  "X: y\x7f\r\n",   "X: y\x0b\r\n",
           "X: y\x0c\r\n",    "X: \x1b[0m\r\n",  "X: a\0b\r\n"s, "X\0: a\r\n"s,    "\0: a\r\n"s,
           "\rX: y\r\n",      "\nX: y\r\n",      "X\r: y\r\n",   "X\n: y\r\n",     "\x0bX: y\r\n",
           "X,Y: z\r\n",      "\"X\": y\r\n",
       }) {
    WithFields parsed(line + "Z: z\r\n");
    EXPECT_EQ(parsed.refused(), 400u) << line;
    EXPECT_STRNE(parsed.parse.reason, "");
  }
}

TEST(RequestHead, harmless_field_lines_pass) {
  for (const auto& line : std::vector<std::string>{"X:y\r\n", "X:\r\n", "X: \t \r\n", "X: a\tb\r\n",
                                                   "X: \xc3\xa9\xff\r\n", "!#$%&'*+-.^_`|~: y\r\n",
                                                   "X: \"unclosed\r\n", "X: a:b::c\r\n"}) {
    EXPECT_TRUE(WithFields(line).complete()) << line;
  }
}

TEST(RequestHead, a_control_character_is_refused_before_the_line_is_whole) {
  HeadParser parser{HeadLimits()};
  RequestHead head;
  std::string text = "GET / HTTP/1.1\r\nX: y";
  EXPECT_EQ(parser.request(text, head).state, State::incomplete);
  EXPECT_EQ(head.target_text, "/");  // known for the log of what follows
  text += "\x01";
  EXPECT_EQ(parser.request(text, head).state, State::malformed);
}

TEST(RequestHead, host_must_be_there_once_and_valid) {
  auto status = [](std::string lines) {
    return ParsedRequest("GET / HTTP/1.1\r\n" + lines + "\r\n").refused();
  };
  EXPECT_EQ(status("Host: a\r\n"), 0u);
  EXPECT_EQ(status(""), 400u);
  EXPECT_EQ(status("Host: a\r\nHost: a\r\n"), 400u);
  EXPECT_EQ(status("Host: a\r\nhOST: b\r\n"), 400u);
  for (const char* host : {"", "a, b", "a b", "a/b", "a@b", "a:b", "http://a", "a:80:80", "[::1"}) {
    EXPECT_EQ(status("Host: "s + host + "\r\n"), 400u) << host;
  }
  EXPECT_TRUE(ParsedRequest("GET / HTTP/1.0\r\n\r\n").complete());
  EXPECT_EQ(ParsedRequest("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n").refused(), 400u);
}

TEST(RequestHead, the_host_of_an_absolute_target_wins_over_the_field) {
  ParsedRequest parsed("GET http://real.example:81/a HTTP/1.1\r\nHost: other.example:82\r\n\r\n");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.head.target.host, "real.example");
  EXPECT_EQ(parsed.head.target.port, 81);
  ParsedRequest no_port("GET http://real.example/ HTTP/1.1\r\nHost: other.example:82\r\n\r\n");
  EXPECT_EQ(no_port.head.target.port, 0);
  EXPECT_EQ(ParsedRequest("GET http://a/ HTTP/1.1\r\n\r\n").refused(), 400u);
  EXPECT_EQ(ParsedRequest("GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n").refused(), 400u);
}

TEST(RequestHead, limits_are_exact) {
  std::string text = "GET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  HeadLimits limits;
  limits.head_bytes = text.size();
  limits.target_bytes = 4;
  limits.fields = 2;
  EXPECT_TRUE(ParsedRequest(text, limits).complete());
  --limits.head_bytes;
  EXPECT_EQ(ParsedRequest(text, limits).refused(), 431u);
  ++limits.head_bytes;
  --limits.target_bytes;
  EXPECT_EQ(ParsedRequest(text, limits).refused(), 414u);
  ++limits.target_bytes;
  --limits.fields;
  EXPECT_EQ(ParsedRequest(text, limits).refused(), 431u);
}

TEST(RequestHead, a_target_that_comes_slowly_is_too_long_at_the_same_place) {
  HeadLimits limits;
  limits.target_bytes = 100;
  HeadParser parser(limits);
  RequestHead head;
  std::string text = "GET /";
  HeadParse parse;
  while (text.size() < 200) {
    parse = parser.request(text, head);
    if (parse.state != State::incomplete) break;
    text += 'a';
  }
  EXPECT_EQ(parse.status, 414u);
  EXPECT_EQ(text.size(), 4 + 101u);
}

TEST(RequestHead, a_head_of_the_greatest_length_keeps_its_offsets) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  std::string tail = "\r\nZ: last\r\n\r\n";
  text += std::string(base::head_bytes_max - text.size() - tail.size(), 'x') + tail;
  ASSERT_EQ(text.size(), base::head_bytes_max);
  ParsedRequest parsed(text);
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.head.fields.first("z"), "last");
  text.insert(text.size() - 4, "x");
  EXPECT_EQ(ParsedRequest(text).refused(), 431u);
  HeadLimits beyond;
  beyond.head_bytes = SIZE_MAX;
  beyond.fields = SIZE_MAX;
  EXPECT_EQ(ParsedRequest(text, beyond).refused(), 431u);
}

TEST(RequestHead, expectations) {
  auto with = [](const char* lines) { return "POST / HTTP/1.1\r\nHost: a\r\n"s + lines + "\r\n"; };
  ParsedRequest waits(with("Content-Length: 1\r\nExpect: 100-Continue\r\n"));
  EXPECT_TRUE(waits.head.expect_continue && !waits.head.expect_other);
  ParsedRequest no_content(with("Expect: 100-continue\r\n"));
  EXPECT_FALSE(no_content.head.expect_continue || no_content.head.expect_other);
  ParsedRequest empty(with("Content-Length: 0\r\nExpect: 100-continue\r\n"));
  EXPECT_FALSE(empty.head.expect_continue);
  ParsedRequest unknown(with("Content-Length: 1\r\nExpect: 200-maybe\r\n"));
  EXPECT_TRUE(unknown.head.expect_other && !unknown.head.expect_continue);
  ParsedRequest old("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_FALSE(old.head.expect_continue || old.head.expect_other);
}

TEST(RequestHead, one_object_serves_one_request_after_another) {
  RequestHead head;
  std::string first =
      "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  ASSERT_EQ(parse_request_head(first, {}, head).state, State::complete);
  std::string second = "GET http://b/c HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parse_request_head(second, {}, head).state, State::complete);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(head.framing, Framing());
  EXPECT_EQ(head.fields.size(), 1u);
  EXPECT_FALSE(head.fields.has(FieldName::expect));
  EXPECT_EQ(head.target.host, "b");
}

TEST(ResponseHead, a_plain_response_is_taken_apart) {
  ParsedResponse parsed("HTTP/1.1 404 Not here\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(parsed.complete()) << parsed.parse.reason;
  EXPECT_EQ(parsed.parse.consumed, parsed.text.size() - 5);
  EXPECT_EQ(parsed.head.status, 404);
  EXPECT_EQ(parsed.head.reason, "Not here");
  EXPECT_EQ(parsed.head.version_minor, 1);
  EXPECT_TRUE(parsed.head.keep_alive);
}

TEST(ResponseHead, the_phrase_may_be_empty_or_missing) {
  ParsedResponse empty("HTTP/1.1 200 \r\n\r\n");
  EXPECT_TRUE(empty.complete() && empty.head.reason.empty());
  ParsedResponse missing("HTTP/1.1 200\r\n\r\n");
  EXPECT_TRUE(missing.complete() && missing.head.reason.empty());
  EXPECT_TRUE(ParsedResponse("HTTP/1.0 599 \xc3\xa9\ttab\r\n\r\n").complete());
}

TEST(ResponseHead, every_split_gives_the_same) {
  std::string text = "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n";
  for (size_t split = 0; split < text.size(); ++split) {
    HeadParser parser{HeadLimits()};
    ResponseHead head;
    std::string first = text.substr(0, split);
    ASSERT_EQ(parser.response(first, head).state, State::incomplete) << split;
    HeadParse parse = parser.response(text, head);
    first.assign(first.size(), '#');
    ASSERT_EQ(parse.state, State::complete) << split;
    EXPECT_EQ(head.reason, "OK");
    EXPECT_EQ(head.fields.first("a"), "b");
    EXPECT_FALSE(head.keep_alive);
  }
}

TEST(ResponseHead, what_is_no_response_is_refused_with_502) {
  for (const auto& text : std::vector<std::string>{"SSH-2.0-OpenSSH_9.2\r\n\r\n",
                                                   "<html>",
                                                   "\r\nHTTP/1.1 200 OK\r\n\r\n",
                                                   "HTTP/2.0 200 OK\r\n\r\n",
                                                   "HTTP/0.9 200 OK\r\n\r\n",
                                                   "http/1.1 200 OK\r\n\r\n",
                                                   "HTTP/1.1 099 OK\r\n\r\n",
                                                   "HTTP/1.1 600 OK\r\n\r\n",
                                                   "HTTP/1.1 20 OK\r\n\r\n",
                                                   "HTTP/1.1 2000 OK\r\n\r\n",
                                                   "HTTP/1.1  200 OK\r\n\r\n",
                                                   "HTTP/1.1\t200 OK\r\n\r\n",
                                                   "HTTP/1.1 200\tOK\r\n\r\n",
                                                   "HTTP/1.1 200 O\0K\r\n\r\n"s,
                                                   "HTTP/1.1 200 OK\n\n\n",
                                                   "HTTP/1.1 200 OK\rX\r\n\r\n",
                                                   "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                                                   "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
                                                   "HTTP/1.1 200 OK\r\nA: b\n\r\n",
                                                   "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
                                                   "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"s}) {
    ParsedResponse parsed(text);
    EXPECT_EQ(parsed.parse.state, State::malformed) << text;
    EXPECT_EQ(parsed.parse.status, 502u) << text;
  }
  HeadLimits limits;
  limits.head_bytes = 20;
  EXPECT_EQ(ParsedResponse("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", limits).parse.status, 502u);
}

TEST(HeadParser, nothing_is_incomplete) {
  EXPECT_EQ(ParsedRequest("").parse.state, State::incomplete);
  EXPECT_EQ(ParsedResponse("").parse.state, State::incomplete);
}

}  // namespace
}  // namespace ringwall::http
