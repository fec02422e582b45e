#include "tests/support/origin_answer.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "tests/support/content.h"
#include "tests/support/origin_script.h"
#include "tests/support/origin_selection.h"

namespace ringwall::support {
namespace {

constexpr size_t piece_bytes = 128 * 1024;

void pause_ms(uint64_t ms) {
  const timespec time{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  nanosleep(&time, nullptr);
}

std::string reason_of(uint64_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 404:
      return "Not Found";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string describe(const Exchange& exchange, const Request& request) {
  std::string out = "{\"origin\": " + json_string(exchange.name) +
                    ", \"method\": " + json_string(request.method) +
                    ", \"target\": " + json_string(request.target) +
                    ", \"version\": " + json_string(request.version) + ", \"fields\": [";
  for (size_t i = 0; i < request.fields.size(); ++i) {
    out += (i == 0 ? "[" : ", [") + json_string(request.fields[i].first) + ", " +
           json_string(request.fields[i].second) + "]";
  }
  return out + "], \"body_size\": " + std::to_string(request.body_size) +
         ", \"body_crc\": " + std::to_string(request.body_crc) +
         ", \"trailers\": " + json_string(request.trailers) + "}\n";
}

/// The body of one answer: generated content or a text.
class Body {
 public:
  Body(const Exchange& exchange, const Request& request)
      : content_(content_seed(identity(request))) {
    if (const auto size = content_size(request.path)) {
      size_ = *size;
      return;
    }
    text_ = request.path.starts_with("/echo") ? describe(exchange, request)
                                              : exchange.name + " " + identity(request) + "\n";
    size_ = text_.size();
  }
  uint64_t size() const { return size_; }
  void read(uint64_t offset, char* out, size_t n) {
    if (text_.empty()) {
      content_.fill(offset, out, n);
    } else {
      std::copy_n(text_.data() + offset, n, out);
    }
  }

 private:
  Content content_;
  std::string text_;
  uint64_t size_ = 0;
};

bool has_no_body(const Request& request, uint64_t status) {
  return request.method == "HEAD" || status == 204 || status == 304;
}

/// Where the body pauses or ends before its end; offsets into what is sent of it.
struct Stops {
  explicit Stops(const Request& request, uint64_t length)
      : gate(request.option("half")),
        hold_at(gate.empty() ? UINT64_MAX : request.number("after", length / 2)),
        cut_at(request.number("cut", UINT64_MAX)),
        slow_ms(request.number("slow")) {
    if (slow_ms == 0 && !request.has("pieces")) return;
    const uint64_t pieces = std::max<uint64_t>(1, request.number("pieces", 16));
    step = std::min<uint64_t>(step, std::max<uint64_t>(1, length / pieces));
  }
  uint64_t until(uint64_t offset, uint64_t length) const {
    uint64_t end = std::min(length, offset + step);
    if (offset < hold_at) end = std::min(end, hold_at);
    if (offset < cut_at) end = std::min(end, cut_at);
    return end;
  }
  std::string gate;
  uint64_t hold_at;
  uint64_t cut_at;
  uint64_t slow_ms;
  uint64_t step = piece_bytes;
};

void append_piece(std::string& out, Body& body, uint64_t offset, uint64_t n, bool chunked) {
  if (chunked) {
    char line[24];
    out.append(line, static_cast<size_t>(snprintf(line, sizeof line, "%llx\r\n",
                                                  static_cast<unsigned long long>(n))));
  }
  const size_t at = out.size();
  out.resize(at + n);
  body.read(offset, out.data() + at, n);
  if (chunked) out += "\r\n";
}

/// Sends `head` and what is selected of the body behind it, piece by piece as the options ask.
bool send_answer(Exchange& exchange, const Request& request, std::string out, Body& body,
                 const Selection& selection, bool chunked) {
  const Stops stops(request, selection.length);
  for (uint64_t offset = 0; offset < selection.length;) {
    if (offset == stops.cut_at) return send_all(exchange.fd, out) && false;
    if (offset == stops.hold_at) {
      if (!send_all(exchange.fd, out)) return false;
      out.clear();
      if (!exchange.ledger.wait(stops.gate, exchange.fd)) return false;
    }
    const uint64_t end = stops.until(offset, selection.length);
    append_piece(out, body, selection.first + offset, end - offset, chunked);
    offset = end;
    if (offset == selection.length && chunked) break;
    if (!send_all(exchange.fd, out)) return false;
    out.clear();
    if (stops.slow_ms > 0 && offset < selection.length) pause_ms(stops.slow_ms);
  }
  if (chunked) {
    out += "0\r\n";
    if (request.has("trailers")) out += "X-Trailer: behind\r\nX-Sum: 42\r\n";
    out += "\r\n";
  }
  return out.empty() || send_all(exchange.fd, out);
}

void add_line(std::string& head, const std::string& name, const std::string& value) {
  if (!value.empty()) head += name + ": " + value + "\r\n";
}

/// What the body reads until now, the gates before the head, interim answers. False: close.
bool prepare(Exchange& exchange, Request& request) {
  if (!request.has("early")) {
    if (!exchange.input.buffered() && request.field("expect") == "100-continue" &&
        request.option("continue") != "0" &&
        !send_all(exchange.fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
      return false;
    }
    const bool whole = exchange.input.read_body(request);
    if (request.body_size > 0 || !whole) exchange.ledger.note_body(request, exchange.connection);
    if (!whole) return false;
  }
  if (request.has("delay")) pause_ms(request.number("delay"));
  if (request.has("gate") && !exchange.ledger.wait(request.option("gate"), exchange.fd)) {
    exchange.ledger.cut();
    return false;
  }
  return !request.has("hints") ||
         send_all(exchange.fd, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
}

/// The answer's status and how much of the body it carries, by the options and what is asked for.
Selection choose(Request& request, uint64_t size) {
  Selection selection{static_cast<unsigned>(request.number("status", 200)), 0, size};
  if (selection.status != 200) return selection;
  selection = select(request, size);
  if (selection.status != 304) return selection;
  request.options.erase("field");
  override_options(request.options, options_for(request, "304."));
  const auto [first, last] = request.options.equal_range("f304");
  std::vector<std::string> lines;
  for (auto line = first; line != last; ++line) lines.push_back(line->second);
  for (const std::string& line : lines) request.options.emplace("field", line);
  return selection;
}

}  // namespace

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void reset_connection(int fd) {
  const linger hard{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

std::string answer_head(const Exchange& exchange, const Request& request, uint64_t status,
                        std::string_view framing) {
  std::string head = request.has("h10") ? "HTTP/1.0 " : "HTTP/1.1 ";
  head += std::to_string(status) + " " + request.option("reason", reason_of(status)) + "\r\n";
  const time_t now = time(nullptr);
  if (!request.has("nodate")) head += "Date: " + http_date(now) + "\r\n";
  head += "X-Origin: " + exchange.name + "\r\nX-Count: " + std::to_string(exchange.nth) + "\r\n";
  static const std::pair<const char*, const char*> plain[] = {
      {"cc", "Cache-Control"}, {"age", "Age"}, {"vary", "Vary"}};
  for (const auto& [option, field] : plain) add_line(head, field, request.option(option));
  add_line(head, "ETag", etag_of(request));
  add_line(head, "Last-Modified", last_modified_of(request));
  if (request.has("expires")) {
    const auto seconds = static_cast<int64_t>(request.number("expires"));
    head += "Expires: " + http_date(now + seconds) + "\r\n";
  }
  if (request.has("cookie")) head += "Set-Cookie: id=" + std::to_string(exchange.nth) + "\r\n";
  if (request.has("hop")) {
    head +=
        "Connection: X-Hop, X-Other\r\nX-Hop: secret\r\nX-Other: secret\r\n"
        "Keep-Alive: timeout=60\r\nProxy-Authenticate: Basic\r\n";
  }
  const auto [first, last] = request.options.equal_range("field");
  for (auto field = first; field != last; ++field) head += field->second + "\r\n";
  head += framing;
  return head + "\r\n";
}

bool answer(Exchange& exchange, Request& request) {
  if (!prepare(exchange, request)) return false;
  if (request.has("fail") && exchange.nth <= request.number("first", UINT64_MAX) &&
      request.option("at", exchange.name) == exchange.name) {
    return answer_with_fault(exchange, request);
  }

  Body body(exchange, request);
  const Selection selection = choose(request, body.size());
  const uint64_t status = selection.status;
  const bool chunked = request.has("chunked") || request.has("trailers");
  const bool until_close = request.has("close");
  std::string framing;
  if (until_close) framing = "Connection: close\r\n";
  if (status == 204 || status == 304) {
  } else if (chunked) {
    framing += "Transfer-Encoding: chunked\r\n";
    if (request.has("trailers")) framing += "Trailer: X-Trailer, X-Sum\r\n";
  } else if (!until_close) {
    framing += "Content-Length: " + std::to_string(selection.length) + "\r\n";
  }
  if (status == 206) {
    framing += "Content-Range: bytes " + std::to_string(selection.first) + "-" +
               std::to_string(selection.first + selection.length - 1) + "/" +
               std::to_string(body.size()) + "\r\n";
  } else if (status == 416) {
    framing += "Content-Range: bytes */" + std::to_string(body.size()) + "\r\n";
  }
  const bool h10 = request.has("h10");
  if (h10 && !until_close) framing += "Connection: keep-alive\r\n";
  if (!until_close && request.field("connection") == "close") framing += "Connection: close\r\n";
  std::string head = answer_head(exchange, request, status, framing);
  const bool bodiless = has_no_body(request, status) || (selection.length == 0 && !chunked);
  const bool sent =
      bodiless ? send_all(exchange.fd, head)
               : send_answer(exchange, request, std::move(head), body, selection, chunked);
  if (!sent) {
    exchange.ledger.cut();
    return false;
  }
  if (request.has("early")) {
    const bool whole = exchange.input.read_body(request);
    exchange.ledger.note_body(request, exchange.connection);
    if (!whole) return false;
  }
  return !until_close && request.field("connection") != "close";
}

}  // namespace ringwall::support
