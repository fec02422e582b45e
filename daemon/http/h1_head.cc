#include "daemon/http/h1_head.h"

#include <algorithm>
#include <cstring>

#include "daemon/base/text.h"
#include "daemon/http/connection.h"
#include "daemon/http/grammar.h"
#include "daemon/http/scan.h"

namespace ringwall::http {
namespace {

// RFC 9112 section 3: a method longer than any that is implemented gets 501.
constexpr size_t method_bytes_max = 64;
constexpr unsigned empty_lines_max = 2;

/// "HTTP/" DIGIT "." DIGIT, or -1.
int major_version(const char* at) {
  bool fits = std::memcmp(at, "HTTP/", 5) == 0 && base::is_digit(at[5]) && at[6] == '.' &&
              base::is_digit(at[7]);
  return fits ? at[5] - '0' : -1;
}
constexpr std::ptrdiff_t version_bytes = 8;

const char* what_is_wrong_behind_name(const char* name, const char* at) {
  if (*at == '\n') return "bare LF";
  if (*at == '\r') return "field line without a colon";
  if (*at == ' ' || *at == '\t') {
    return at == name ? "whitespace at the start of a line" : "whitespace in a field name";
  }
  return at == name && *at == ':' ? "empty field name" : "invalid character in a field name";
}

const char* what_is_wrong_in_value(char c) {
  if (c == '\n') return "bare LF";
  return c == '\0' ? "NUL in a field value" : "control character in a field value";
}

/// What a request says beyond its syntax: host, framing, persistence, expectations.
HeadParse conclude(RequestHead& out) {
  HeadParse bad;
  bad.state = HeadParse::State::malformed;
  bad.status = 400;
  const FieldSection& fields = out.fields;
  if (!parse_target(out.method, out.target_text, out.target)) {
    bad.reason = "malformed request target";
    return bad;
  }
  // RFC 9112 section 3.2: exactly one valid Host; where the target names a host that one counts.
  if (fields.has(FieldName::host)) {
    auto host = fields.only(FieldName::host);
    Authority authority;
    if (!host || !parse_authority(*host, authority)) {
      bad.reason = host ? "invalid Host" : "more than one Host";
      return bad;
    }
    if (out.target.host.empty()) {
      out.target.host = authority.host;
      out.target.port = authority.port;
    }
  } else if (out.version_minor >= 1) {
    bad.reason = "no Host";
    return bad;
  }
  FramingResult framing = request_framing(fields, out.version_minor);
  if (!framing.ok()) {
    bad.status = framing.status;
    bad.reason = framing.reason;
    return bad;
  }
  out.framing = framing.framing;
  out.keep_alive = fields.has(FieldName::connection)
                       ? persists(ConnectionOptions(fields), out.version_minor)
                       : out.version_minor >= 1;
  // RFC 9110 section 10.1.1: an expectation in an HTTP/1.0 request is ignored.
  if (fields.has(FieldName::expect) && out.version_minor >= 1) {
    auto expect = fields.only(FieldName::expect);
    bool known = expect && base::equal_ignoring_case(*expect, "100-continue");
    bool content = out.framing.kind == Framing::Kind::chunked || out.framing.length > 0;
    out.expect_continue = known && content;
    out.expect_other = !known;
  }
  HeadParse fine;
  fine.state = HeadParse::State::complete;
  return fine;
}

}  // namespace

HeadParser::HeadParser(const HeadLimits& limits) : limits_(limits) {
  limits_.head_bytes = std::min(limits.head_bytes, base::head_bytes_max);
  limits_.target_bytes = std::min(limits.target_bytes, base::head_bytes_max);
  limits_.fields = std::min(limits.fields, base::fields_max);
}

bool HeadParser::worth_parsing(std::string_view bytes) {
  // The first attempt at a line parses it straight away; one that was cut short is only searched
  // for a control character, which ends it or is wrong. At a limit the parser says which one.
  if (searched_ <= line_at_ || bytes.size() >= limits_.head_bytes) return true;
  if (stage_ == Stage::first_line && bytes.size() - line_at_ > limits_.target_bytes) return true;
  const char* end = bytes.data() + bytes.size();
  if (find_not_value(bytes.data() + searched_, end) != end) return true;
  searched_ = static_cast<uint32_t>(bytes.size());
  return false;
}

HeadParse HeadParser::refuse(unsigned status, const char* reason) {
  HeadParse parse;
  parse.state = HeadParse::State::malformed;
  parse.status = status;
  parse.reason = reason;
  return parse;
}

HeadParse HeadParser::too_long(bool is_request) const {
  HeadParse parse;
  parse.state = HeadParse::State::malformed;
  parse.status = is_request ? 431 : 502;
  parse.reason = "head too large";
  return parse;
}

HeadParser::Step HeadParser::request_line(std::string_view bytes, RequestHead& out) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin + line_at_;
  // RFC 9112 section 2.2: empty lines before the request line are skipped.
  while (at != end && *at == '\r') {
    if (end - at == 1) return Step::incomplete;
    if (at[1] != '\n') return bad(400, "bare CR");
    if (++empty_lines_ > empty_lines_max) return bad(400, "empty lines before the request");
    at += 2;
    line_at_ += 2;
  }
  const char* method = at;
  while (at != end && is_token_char(*at)) ++at;
  if (static_cast<size_t>(at - method) > method_bytes_max) return bad(501, "method too long");
  if (at == end) return Step::incomplete;
  if (*at != ' ' || at == method) return bad(400, "malformed method");
  std::string_view method_text(method, static_cast<size_t>(at - method));

  const char* target = ++at;
  at = find_not_visible(at, end);
  auto target_length = static_cast<size_t>(at - target);
  if (target_length > limits_.target_bytes) return bad(414, "request target too long");
  if (at == end) return Step::incomplete;
  if (*at != ' ' || at == target) return bad(400, "malformed request target");

  const char* version = ++at;
  if (end - version < version_bytes + 2) {
    // Not to wait for what can no longer be a version, such as a line that ends here.
    const char* stray = find_not_visible(version, end);
    if (stray != end && *stray != '\r') return bad(400, "malformed HTTP version");
    if (stray != end && end - stray > 1) return bad(400, "malformed HTTP version");
    return Step::incomplete;
  }
  int major = major_version(version);
  if (major < 0) return bad(400, "malformed HTTP version");
  at = version + version_bytes;
  if (at[0] != '\r' || at[1] != '\n') return bad(400, "malformed end of the request line");
  out.method_text = method_text;
  out.method = method_of(method_text);
  out.target_text = {target, target_length};
  if (major != 1) return bad(505, "HTTP version not supported");
  out.version_minor = version[7] == '0' ? 0 : 1;
  line_at_ = static_cast<uint32_t>(at + 2 - begin);
  return Step::done;
}

HeadParser::Step HeadParser::status_line(std::string_view bytes, ResponseHead& out) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  constexpr std::ptrdiff_t least = version_bytes + 4;  // SP and three digits
  if (end - begin < least) {
    size_t n = std::min<size_t>(bytes.size(), 5);
    if (std::memcmp(begin, "HTTP/", n) != 0) return bad(502, "no HTTP response");
    return Step::incomplete;
  }
  int major = major_version(begin);
  if (major < 0) return bad(502, "no HTTP response");
  if (major != 1) return bad(502, "HTTP version not supported");
  const char* at = begin + version_bytes;
  bool digits = base::is_digit(at[1]) && base::is_digit(at[2]) && base::is_digit(at[3]);
  if (*at != ' ' || !digits) return bad(502, "malformed status line");
  int status = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
  // RFC 9110 section 15: other values are invalid.
  if (status < 100 || status > 599) return bad(502, "status out of range");
  at += 4;
  // RFC 9112 section 4 demands the space even without a phrase; servers leave it out, harmlessly.
  if (at != end && *at == ' ') {
    ++at;
  } else if (at != end && *at != '\r') {
    return bad(502, "malformed status line");
  }
  const char* reason = at;
  at = find_not_value(at, end);
  if (at == end) return Step::incomplete;
  if (*at != '\r') return bad(502, "malformed status line");
  if (end - at == 1) return Step::incomplete;
  if (at[1] != '\n') return bad(502, "bare CR");
  out.status = static_cast<uint16_t>(status);
  out.version_minor = begin[7] == '0' ? 0 : 1;
  out.reason = {reason, static_cast<size_t>(at - reason)};
  line_at_ = static_cast<uint32_t>(at + 2 - begin);
  return Step::done;
}

HeadParser::Step HeadParser::field_lines(std::string_view bytes, FieldSection& out) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin + line_at_;
  while (at != end) {
    const char* name = at;
    while (at != end && is_token_char(*at)) ++at;
    if (at == end) return Step::incomplete;
    if (*at != ':' || at == name) {
      if (*at != '\r' || at != name) return bad(400, what_is_wrong_behind_name(name, at));
      if (end - at == 1) return Step::incomplete;
      if (at[1] != '\n') return bad(400, "bare CR");
      line_at_ += 2;
      return Step::done;
    }
    auto name_length = static_cast<size_t>(at - name);
    do ++at;
    while (at != end && (*at == ' ' || *at == '\t'));
    const char* value = at;
    at = find_not_value(at, end);
    if (at == end) return Step::incomplete;
    if (*at != '\r') return bad(400, what_is_wrong_in_value(*at));
    if (end - at == 1) return Step::incomplete;
    if (at[1] != '\n') return bad(400, "bare CR");
    const char* value_end = at;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) --value_end;
    at += 2;
    if (out.size() >= limits_.fields) return bad(431, "too many fields");
    // The head is at most head_bytes_max long, so that offsets fit 16 bits.
    out.add({static_cast<uint16_t>(name - begin), static_cast<uint16_t>(name_length),
             static_cast<uint16_t>(value - begin), static_cast<uint16_t>(value_end - value),
             recognise({name, name_length})});
    line_at_ = static_cast<uint32_t>(at - begin);
  }
  return Step::incomplete;
}

HeadParse HeadParser::request(std::string_view bytes, RequestHead& out) {
  HeadParse parse;
  if (bytes.empty()) return parse;
  if (stage_ == Stage::start) {
    out.raw = bytes.data();
    out.raw_length = 0;
    out.method_text = out.target_text = {};
    out.target = Target();
    out.expect_continue = out.expect_other = false;
    out.fields.reset(bytes.data());
    stage_ = Stage::first_line;
  }
  std::string_view within = bytes.substr(0, limits_.head_bytes);
  out.raw_length = static_cast<uint32_t>(within.size());
  out.rebase(bytes.data());
  Step step = worth_parsing(within) ? Step::more : Step::incomplete;
  if (step == Step::more && stage_ == Stage::first_line) {
    step = request_line(within, out);
    if (step == Step::done) {
      stage_ = Stage::fields;
      step = Step::more;
    }
  }
  if (step == Step::more) step = field_lines(within, out.fields);
  if (step == Step::malformed) return refuse(bad_status_, bad_reason_);
  if (step == Step::incomplete) {
    searched_ = static_cast<uint32_t>(within.size());
    return within.size() == limits_.head_bytes ? too_long(true) : parse;
  }
  out.raw_length = line_at_;
  parse = conclude(out);
  parse.consumed = line_at_;
  return parse;
}

HeadParse HeadParser::response(std::string_view bytes, ResponseHead& out) {
  HeadParse parse;
  if (bytes.empty()) return parse;
  if (stage_ == Stage::start) {
    out.raw = bytes.data();
    out.raw_length = 0;
    out.reason = {};
    out.fields.reset(bytes.data());
    stage_ = Stage::first_line;
  }
  std::string_view within = bytes.substr(0, limits_.head_bytes);
  out.raw_length = static_cast<uint32_t>(within.size());
  out.rebase(bytes.data());
  Step step = worth_parsing(within) ? Step::more : Step::incomplete;
  if (step == Step::more && stage_ == Stage::first_line) {
    step = status_line(within, out);
    if (step == Step::done) {
      stage_ = Stage::fields;
      step = Step::more;
    }
  }
  if (step == Step::more) step = field_lines(within, out.fields);
  if (step == Step::malformed) return refuse(502, bad_reason_);
  if (step == Step::incomplete) {
    searched_ = static_cast<uint32_t>(within.size());
    return within.size() == limits_.head_bytes ? too_long(false) : parse;
  }
  out.raw_length = line_at_;
  out.keep_alive = out.fields.has(FieldName::connection)
                       ? persists(ConnectionOptions(out.fields), out.version_minor)
                       : out.version_minor >= 1;
  parse.state = HeadParse::State::complete;
  parse.consumed = line_at_;
  return parse;
}

HeadParse parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
  return HeadParser(limits).request(bytes, out);
}

HeadParse parse_response_head(std::string_view bytes, const HeadLimits& limits, ResponseHead& out) {
  return HeadParser(limits).response(bytes, out);
}

}  // namespace ringwall::http
