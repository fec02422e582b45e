// Heads for the caching tests: text in, parsed head out; the text stays with it. Dates are written
// from seconds.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "daemon/http/date.h"
#include "daemon/http/h1_head.h"

namespace ringwall::caching {

struct Request {
  explicit Request(const std::string& first_line, const std::string& fields = {})
      : text(first_line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") {
    auto parse = http::parse_request_head(text, http::HeadLimits(), head);
    EXPECT_EQ(parse.state, http::HeadParse::State::complete) << parse.reason;
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  std::string text;
  http::RequestHead head;
};

struct Response {
  explicit Response(int status, const std::string& fields = {})
      : text("HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "\r\n") {
    auto parse = http::parse_response_head(text, http::HeadLimits(), head);
    EXPECT_EQ(parse.state, http::HeadParse::State::complete) << parse.reason;
  }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;
  std::string text;
  http::ResponseHead head;
};

/// "1" becomes "name: 1\r\n"; an empty value gives no line.
inline std::string line(const std::string& name, const std::string& value) {
  return value.empty() ? "" : name + ": " + value + "\r\n";
}

inline std::string date(base::WallSeconds time) {
  char text[http::date_bytes];
  http::write_date(time, text);
  return std::string(text, sizeof(text));
}

}  // namespace ringwall::caching
