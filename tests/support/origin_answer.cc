#include "tests/support/origin_answer.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "tests/support/content.h"

namespace ringwall::support {
namespace {

constexpr size_t piece_bytes = 128 * 1024;

void pause_ms(uint64_t ms) {
  const timespec time{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  nanosleep(&time, nullptr);
}

std::string http_date(time_t at) {
  char text[64];
  tm parts{};
  gmtime_r(&at, &parts);
  strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text;
}

std::string reason_of(uint64_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
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
  Body(const Exchange& exchange, const Request& request) : content_(content_seed(request.path)) {
    if (const auto size = content_size(request.path)) {
      size_ = *size;
      return;
    }
    text_ = request.path.starts_with("/echo") ? describe(exchange, request)
                                              : exchange.name + " " + request.path + "\n";
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

/// Sends `head` and the body behind it, piece by piece as the options ask.
bool send_answer(Exchange& exchange, const Request& request, std::string out, Body& body,
                 bool chunked) {
  const uint64_t slow = request.number("slow");
  const std::string half = request.option("half");
  const uint64_t size = body.size();
  uint64_t step = piece_bytes;
  if (slow > 0 || request.has("pieces")) {
    step = std::max<uint64_t>(1, size / std::max<uint64_t>(1, request.number("pieces", 16)));
    step = std::min<uint64_t>(step, piece_bytes);
  }
  for (uint64_t offset = 0; offset < size;) {
    uint64_t n = std::min(step, size - offset);
    if (!half.empty() && offset < size / 2) n = std::min(n, size / 2 - offset);
    if (chunked) {
      char line[24];
      out.append(line, static_cast<size_t>(snprintf(line, sizeof line, "%llx\r\n",
                                                    static_cast<unsigned long long>(n))));
    }
    const size_t at = out.size();
    out.resize(at + n);
    body.read(offset, out.data() + at, n);
    offset += n;
    if (chunked) out += "\r\n";
    if (offset == size && chunked) break;
    if (!send_all(exchange.fd, out)) return false;
    out.clear();
    if (slow > 0 && offset < size) pause_ms(slow);
    if (!half.empty() && offset == size / 2 && !exchange.ledger.wait(half, exchange.fd)) {
      return false;
    }
  }
  if (chunked) {
    out += "0\r\n";
    if (request.has("trailers")) out += "X-Trailer: behind\r\nX-Sum: 42\r\n";
    out += "\r\n";
  }
  return out.empty() || send_all(exchange.fd, out);
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

std::string answer_head(const Exchange& exchange, const Request& request,
                        std::string_view framing) {
  const uint64_t status = request.number("status", 200);
  std::string head = request.has("h10") ? "HTTP/1.0 " : "HTTP/1.1 ";
  head += std::to_string(status) + " " + request.option("reason", reason_of(status)) + "\r\n";
  const time_t now = time(nullptr);
  if (!request.has("nodate")) head += "Date: " + http_date(now) + "\r\n";
  head += "X-Origin: " + exchange.name + "\r\nX-Count: " + std::to_string(exchange.nth) + "\r\n";
  static const std::pair<const char*, const char*> plain[] = {{"cc", "Cache-Control"},
                                                              {"etag", "ETag"},
                                                              {"age", "Age"},
                                                              {"vary", "Vary"},
                                                              {"lm", "Last-Modified"}};
  for (const auto& [option, field] : plain) {
    if (request.has(option)) head += std::string(field) + ": " + request.option(option) + "\r\n";
  }
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
  const bool early = request.has("early");
  if (!early) {
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
  if (request.has("hints") &&
      !send_all(exchange.fd, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")) {
    return false;
  }
  if (request.has("fail") && exchange.nth <= request.number("first", UINT64_MAX) &&
      request.option("at", exchange.name) == exchange.name) {
    return answer_with_fault(exchange, request);
  }

  Body body(exchange, request);
  const uint64_t status = request.number("status", 200);
  const bool chunked = request.has("chunked") || request.has("trailers");
  const bool until_close = request.has("close");
  std::string framing;
  if (until_close) framing = "Connection: close\r\n";
  if (status == 204 || status == 304) {
  } else if (chunked) {
    framing += "Transfer-Encoding: chunked\r\n";
    if (request.has("trailers")) framing += "Trailer: X-Trailer, X-Sum\r\n";
  } else if (!until_close) {
    framing += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  const bool h10 = request.has("h10");
  if (h10 && !until_close) framing += "Connection: keep-alive\r\n";
  if (!until_close && request.field("connection") == "close") framing += "Connection: close\r\n";
  std::string head = answer_head(exchange, request, framing);
  const bool sent = has_no_body(request, status) ? send_all(exchange.fd, head)
                    : body.size() == 0 && !chunked
                        ? send_all(exchange.fd, head)
                        : send_answer(exchange, request, std::move(head), body, chunked);
  if (!sent) {
    exchange.ledger.cut();
    return false;
  }
  if (early) {
    const bool whole = exchange.input.read_body(request);
    exchange.ledger.note_body(request, exchange.connection);
    if (!whole) return false;
  }
  return !until_close && request.field("connection") != "close";
}

}  // namespace ringwall::support
