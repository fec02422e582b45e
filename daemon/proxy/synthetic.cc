#include "daemon/proxy/synthetic.h"

#include <fmt/format.h>

#include <array>

#include "daemon/http/date.h"
#include "daemon/http/head_writer.h"
#include "daemon/http/status.h"
#include "daemon/io/operations.h"
#include "daemon/proxy/metrics.h"

namespace ringwall::proxy {
namespace {

// Told with a 503: backends come back by trial within seconds, so soon is the honest answer.
constexpr std::string_view retry_after = "Retry-After: 2\r\n";

/// Sends a complete response with `body`; a HEAD gets its length only.
io::Task<void> respond_text(Exchange& x, unsigned status, std::string_view fields,
                            std::string_view body) {
  session::Response response;
  response.status = status;
  response.fields = fields;
  std::array<char, 64> date_room;
  http::HeadWriter date(date_room);
  char now[http::date_bytes];
  http::write_date(x.loop().wall_seconds(), now);
  date.field(http::FieldName::date, std::string_view(now, sizeof(now)));
  response.fields = fields;
  std::string added(date.text());
  added += x.snapshot.via_line;
  response.added = added;
  response.content_length = body.size();
  response.bodiless =
      x.request().method == http::Method::head || status == 204 || status == 304;
  iovec piece = {const_cast<char*>(body.data()), body.size()};
  std::span<iovec> content(&piece, response.bodiless || body.empty() ? 0 : 1);
  x.record.status = status;
  int sent = co_await x.client.send_head(response, content, true);
  if (sent != 0) x.record.error = "client-gone";
}

/// Cache-Status (RFC 9211) of an answer in place of the origin's: why it was asked at all.
std::string told_line(const Exchange& x) {
  if (x.told.forward == http::CacheStatus::Forward::none && x.told.detail.empty()) return {};
  std::array<char, 384> room;
  http::HeadWriter writer(room);
  http::write_cache_status(writer, x.snapshot.config.http.via, x.told);
  return std::string(writer.text());
}

}  // namespace

io::Task<void> respond_error(Exchange& x, unsigned status, std::string_view why) {
  x.record.error = why;
  if (x.client.head_sent() || x.client.gone()) {
    x.client.abandon();
    co_return;
  }
  std::array<char, 96> body;
  auto end = fmt::format_to_n(body.data(), body.size(), "{} {}\n", status,
                              http::reason_phrase(status));
  std::string fields = "Content-Type: text/plain\r\nCache-Control: no-store\r\n";
  if (status == 503) fields += retry_after;
  fields += told_line(x);
  std::string_view text(body.data(), end.size);
  co_await respond_text(x, status, fields, text);
}

io::Task<void> respond_json(Exchange& x, unsigned status, std::string body) {
  constexpr std::string_view fields =
      "Content-Type: application/json\r\nCache-Control: no-store\r\n";
  co_await respond_text(x, status, fields, body);
}

io::Task<void> respond_status(Exchange& x, unsigned status) {
  co_await respond_text(x, status, {}, {});
}

io::Task<void> respond_fixed(Exchange& x, const conf::FixedAnswer& answer) {
  if (answer.delay.count() > 0) {
    io::Until until(x.loop().now() + answer.delay, &x.facilities.cut);
    co_await io::Sleep(x.loop(), until);
  }
  std::string fields;
  for (const auto& [name, value] : answer.fields) fields += name + ": " + value + "\r\n";
  co_await respond_text(x, answer.status, fields, answer.body);
}

io::Task<void> respond_metrics(Exchange& x) {
  std::string fields = "Cache-Control: no-store\r\nContent-Type: ";
  fields += stats::prometheus_media_type;
  fields += "\r\n";
  std::string body = metrics_text(x.facilities.segment, x.facilities.store);
  co_await respond_text(x, 200, fields, body);
}

}  // namespace ringwall::proxy
