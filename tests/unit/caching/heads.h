// Heads for the caching tests: text in, parsed head out; the text stays with it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "daemon/http/h1_head.h"

namespace ringwall::caching {

struct Request {
  explicit Request(const std::string& first_line, const std::string& fields = {})
      : text(first_line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") {
    auto parse = http::parse_request_head(text, http::HeadLimits(), head);
    EXPECT_EQ(parse.state, http::HeadParse::State::complete) << parse.reason;
  }
  std::string text;
  http::RequestHead head;
};

struct Response {
  explicit Response(int status, const std::string& fields = {})
      : text("HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "\r\n") {
    auto parse = http::parse_response_head(text, http::HeadLimits(), head);
    EXPECT_EQ(parse.state, http::HeadParse::State::complete) << parse.reason;
  }
  std::string text;
  http::ResponseHead head;
};

}  // namespace ringwall::caching
