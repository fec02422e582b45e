// A head parsed from text, with the text it points into; for the tests of this folder.
#pragma once

#include <string>
#include <string_view>

#include "daemon/http/h1_head.h"

namespace ringwall::http {

struct ParsedRequest {
  explicit ParsedRequest(std::string_view bytes, const HeadLimits& limits = {})
      : text(bytes), parse(parse_request_head(text, limits, head)) {}
  ParsedRequest(const ParsedRequest&) = delete;
  ParsedRequest& operator=(const ParsedRequest&) = delete;

  bool complete() const { return parse.state == HeadParse::State::complete; }
  /// 0 unless malformed.
  unsigned refused() const { return parse.status; }

  std::string text;
  RequestHead head;
  HeadParse parse;
};

/// A request head of these field lines ("Name: value\r\n" each) with a Host.
struct WithFields : ParsedRequest {
  explicit WithFields(std::string_view lines)
      : ParsedRequest("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n") {}
  const FieldSection& fields() const { return head.fields; }
};

struct ParsedResponse {
  explicit ParsedResponse(std::string_view bytes, const HeadLimits& limits = {})
      : text(bytes), parse(parse_response_head(text, limits, head)) {}
  ParsedResponse(const ParsedResponse&) = delete;
  ParsedResponse& operator=(const ParsedResponse&) = delete;

  bool complete() const { return parse.state == HeadParse::State::complete; }

  std::string text;
  ResponseHead head;
  HeadParse parse;
};

}  // namespace ringwall::http
