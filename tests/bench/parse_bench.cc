// Nanoseconds per parsed head, chunk line and written field. Built, not run as a test: pin it to a
// core and compare runs. `parse_bench [ROUNDS]`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/http/cache_control.h"
#include "daemon/http/chunked.h"
#include "daemon/http/date.h"
#include "daemon/http/h1_head.h"
#include "daemon/http/head_writer.h"

namespace ringwall::http {
namespace {

constexpr std::string_view wrk_head = "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
constexpr std::string_view curl_head =
    "GET /static/a.css HTTP/1.1\r\nHost: example.org\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    "\r\n";
constexpr std::string_view browser_head =
    "GET /shop/items/1234?sort=price&page=2 HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Connection: keep-alive\r\n"
    "Referer: https://www.example.org/shop/items?sort=price&page=1\r\n"
    "Cookie: session=6f1ed002ab5595859014ebf0951522d9; theme=dark; consent=yes; "
    "_ga=GA1.2.3456789\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "If-None-Match: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n"
    "Cache-Control: max-age=0\r\n\r\n";
constexpr std::string_view response_head =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/css\r\nContent-Length: 1024\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"
    "\r\nConnection: keep-alive\r\nETag: \"5f3e2b1c-400\"\r\nCache-Control: public, "
    "max-age=3600\r\n"
    "Accept-Ranges: bytes\r\n\r\n";

/// The best of many short series, in nanoseconds per call: on a busy machine some run undisturbed.
template <class F>
void measure(const char* what, size_t bytes, long rounds, F&& f) {
  double best = 1e30;
  for (int series = 0; series < 400; ++series) {
    auto begin = std::chrono::steady_clock::now();
    for (long i = 0; i < rounds; ++i) f();
    std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / static_cast<double>(rounds));
  }
  std::printf("%-32s %5zu bytes %8.1f ns\n", what, bytes, best);
}

void keep(const void* p) {
  asm volatile("" : : "g"(p) : "memory");
}

void measure_request(const char* what, std::string_view text, long rounds) {
  RequestHead head;
  HeadLimits limits;
  measure(what, text.size(), rounds, [&] {
    keep(text.data());
    HeadParse parse = parse_request_head(text, limits, head);
    if (parse.state != HeadParse::State::complete) std::abort();
    keep(&head);
  });
}

void run(long rounds) {
  measure_request("request head, wrk", wrk_head, rounds);
  measure_request("request head, curl", curl_head, rounds);
  measure_request("request head, browser", browser_head, rounds);
  HeadLimits limits;
  ResponseHead response;
  measure("response head", response_head.size(), rounds, [&] {
    keep(response_head.data());
    HeadParse parse = parse_response_head(response_head, limits, response);
    FramingResult framing = response_framing(response, Method::get);
    keep(&parse);
    keep(&framing);
  });
  measure("cache-control of it", 20, rounds, [&] {
    CacheControl control = parse_cache_control(response.fields);
    keep(&control);
  });
  constexpr std::string_view chunks = "400\r\n0123456789abcdef\r\n";
  measure("chunk line", 5, rounds, [&] {
    ChunkDecoder decoder;
    keep(chunks.data());
    ChunkDecoder::Step step = decoder.feed(chunks);
    keep(&step);
  });
  char date[date_bytes];
  base::WallSeconds time = 784111777;
  measure("write date", date_bytes, rounds, [&] {
    keep(&time);
    write_date(time, date);
    keep(date);
  });
  measure("parse date", date_bytes, rounds, [&] {
    keep(date);
    auto parsed = parse_date({date, date_bytes}, time);
    keep(&parsed);
  });
  char room[1024];
  measure("copy response fields", response_head.size(), rounds, [&] {
    HeadWriter writer(room);
    for (const Field& field : response.fields) writer.field(response.fields, field);
    keep(room);
  });
}

}  // namespace
}  // namespace ringwall::http

int main(int argc, char** argv) {
  long rounds = argc > 1 ? std::atol(argv[1]) : 1000;
  ringwall::http::run(rounds);
}
