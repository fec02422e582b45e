// Every way in which the test origin breaks an answer, by the word in `fail=`.
#include <map>

#include "tests/support/origin_answer.h"

namespace ringwall::support {
namespace {

/// Sends `bytes` as they are and closes.
bool send_and_close(Exchange& exchange, std::string_view bytes) {
  send_all(exchange.fd, bytes);
  return false;
}

std::string right_head(const Exchange& exchange, const Request& request,
                       std::string_view framing) {
  return answer_head(exchange, request, request.number("status", 200), framing);
}

bool reset_after(Exchange& exchange, std::string_view bytes) {
  // The peer may or may not see the bytes before the reset: both must come out the same.
  send_all(exchange.fd, bytes);
  reset_connection(exchange.fd);
  return false;
}

/// Heads that no proxy may take for an answer, and bodies that do not end as announced.
const std::map<std::string, std::string>& broken_answers() {
  static const std::map<std::string, std::string> answers = {
      {"garbage", "\x16\x03\x01 what is this\r\n\r\n"},
      {"garbage-line", "HTTP/1.1 twohundred OK\r\nContent-Length: 0\r\n\r\n"},
      {"status-short", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
      {"status-long", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"version", "HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n"},
      {"both-lengths",
       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n"
       "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
      {"two-lengths",
       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n"
       "Content-Length: 6\r\n\r\nhello!"},
      {"bad-length",
       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5x\r\n\r\nhello"},
      {"plus-length",
       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: +5\r\n\r\nhello"},
      {"huge-length",
       "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
       "Content-Length: 99999999999999999999\r\n\r\nhello"},
      {"bare-lf", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"},
      {"space-colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"},
      {"fold", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello"},
      {"nul", std::string("HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 5\r\n\r\nhello", 57)},
      {"bare-cr", "HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 5\r\n\r\nhello"},
      {"unknown-coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: zippy\r\n\r\nhello"},
      {"chunked-twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked-not-last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
      {"switching",
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
      {"close-before-head", ""},
      {"cut-head", "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Le"},
  };
  return answers;
}

/// Heads that are right, with bodies that are not: the client has seen a 200 and must notice.
const std::map<std::string, std::string>& broken_bodies() {
  static const std::map<std::string, std::string> bodies = {
      {"cut-body", "Content-Length: 5000\r\n|0123456789"},
      {"cut-chunks", "Transfer-Encoding: chunked\r\n|a\r\n0123456789\r\n"},
      {"cut-in-chunk", "Transfer-Encoding: chunked\r\n|ff\r\n0123456789"},
      {"cut-last-chunk", "Transfer-Encoding: chunked\r\n|a\r\n0123456789\r\n0\r\n"},
      {"bad-chunk-size", "Transfer-Encoding: chunked\r\n|a\r\n0123456789\r\nzz\r\nxx\r\n0\r\n\r\n"},
      {"bad-chunk-end", "Transfer-Encoding: chunked\r\n|a\r\n0123456789ab\r\n0\r\n\r\n"},
      {"huge-chunk-size",
       "Transfer-Encoding: chunked\r\n|a\r\n0123456789\r\nfffffffffffffffff\r\nxx\r\n0\r\n\r\n"},
      {"lf-chunk", "Transfer-Encoding: chunked\r\n|a\n0123456789\n0\n\n"},
      {"bad-trailer",
       "Transfer-Encoding: chunked\r\n|a\r\n0123456789\r\n0\r\nno colon here\r\n\r\n"},
  };
  return bodies;
}

std::string huge_head() {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 40; ++i)
    head += "X-" + std::to_string(i) + ": " + std::string(8000, 'x') + "\r\n";
  return head + "Content-Length: 0\r\n\r\n";
}

bool endless_interim(Exchange& exchange) {
  for (int i = 0; i < 100000; ++i) {
    if (!send_all(exchange.fd, "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"))
      break;
  }
  return false;
}

}  // namespace

bool answer_with_fault(Exchange& exchange, Request& request) {
  const std::string kind = request.option("fail");
  if (kind == "reset") return reset_after(exchange, "");
  if (kind == "reset-head") return reset_after(exchange, "HTTP/1.1 200 OK\r\nContent-Le");
  if (kind == "never") {
    exchange.input.read_to_end();
    return false;
  }
  if (kind == "drop" || kind == "drop-next") {
    // A whole answer, and then the connection ends unannounced: at once, or as the next request
    // has been sent on it.
    const bool sent =
        send_all(exchange.fd, right_head(exchange, request, "Content-Length: 5\r\n") + "hello");
    exchange.drop_next = true;
    return sent && kind == "drop-next";
  }
  if (kind == "extra") {
    // Bytes behind the announced end: a second answer that nobody asked for.
    return send_all(exchange.fd, right_head(exchange, request, "Content-Length: 5\r\n") +
                                     "helloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsmuggl");
  }
  if (kind == "huge-head") return send_and_close(exchange, huge_head());
  if (kind == "endless-interim") return endless_interim(exchange);
  if (const auto body = broken_bodies().find(kind); body != broken_bodies().end()) {
    const size_t bar = body->second.find('|');
    return send_and_close(exchange, right_head(exchange, request, body->second.substr(0, bar)) +
                                        body->second.substr(bar + 1));
  }
  const auto found = broken_answers().find(kind);
  if (found == broken_answers().end()) {
    return send_and_close(exchange,
                          "HTTP/1.1 599 Unknown fault in the test\r\nContent-Length: 0\r\n\r\n");
  }
  return send_and_close(exchange, found->second);
}

}  // namespace ringwall::support
