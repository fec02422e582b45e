#include "daemon/proxy/pass.h"

#include <array>

#include "daemon/http/cache_status.h"
#include "daemon/http/head_writer.h"
#include "daemon/proxy/purge.h"
#include "daemon/proxy/response_fields.h"
#include "daemon/proxy/synthetic.h"
#include "daemon/proxy/upload.h"

namespace ringwall::proxy {
namespace {

using session::Piece;

iovec piece_of(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

/// The backend's content failed: the client must not take what it has for complete.
void content_failed(Exchange& x, Source& source, const Piece& piece) {
  bool ours = x.overdue() || x.client.gone();
  x.record.error = x.overdue()                              ? "exchange-timeout"
                   : x.client.gone()                        ? "client-gone"
                   : piece.state == Piece::State::timed_out ? "backend-idle"
                   : piece.state == Piece::State::malformed ? "bad-content"
                   : piece.state == Piece::State::stopped   ? "stopped"
                                                            : "backend-cut";
  if (!ours && piece.state != Piece::State::stopped) source.lease.failed(upstream::Failure::cut);
  x.client.abandon();
}

void client_failed(Exchange& x, int code) {
  x.record.error = code == -ETIME ? "client-slow" : "client-gone";
}

}  // namespace

io::Task<void> relay_content(Exchange& x, Source& source, bool request_sent) {
  session::BodyReader& body = source.client.body();
  base::Instant end_at = x.loop().now() + source.idle_timeout;
  while (!body.done()) {
    Piece piece = co_await body.next(next_step(x, end_at));
    bool step_only = piece.state == Piece::State::timed_out && !x.overdue() &&
                     x.loop().now() < end_at;
    if (step_only && !x.client.gone()) continue;
    end_at = x.loop().now() + source.idle_timeout;
    if (piece.failed()) {
      content_failed(x, source, piece);
      co_return;
    }
    bool end = piece.state == Piece::State::end;
    if (piece.bytes.empty() && !end) continue;
    if (end && request_sent) finish_source(source);
    iovec content = piece_of(piece.bytes);
    std::string_view trailers = end ? body.trailers() : std::string_view();
    int sent = co_await x.client.send_content(std::span<iovec>(&content, 1), end, trailers);
    if (sent != 0) {
      client_failed(x, sent);
      co_return;
    }
  }
}

io::Task<void> relay(Exchange& x, Source& source, const http::CacheStatus& status,
                     bool request_sent) {
  const http::ResponseHead& head = source.client.head();
  io::Chunk room = response_fields_room(x.loop(), head);
  std::array<char, 384> added_room;
  http::HeadWriter added(added_room);
  http::write_cache_status(added, x.snapshot.config.http.via, status);
  added.raw(x.snapshot.via_line);

  session::Response response;
  response.status = head.status;
  Filter filter;
  filter.settings = &x.route->cache;
  response.fields = write_response_fields(head, x.loop().wall_seconds(), room, filter);
  response.added = added.text();
  x.record.status = head.status;
  if (!room) {
    source.lease.close();
    co_await respond_error(x, 502, "response-head-too-large");
    co_return;
  }
  session::BodyReader& body = source.client.body();
  const http::Framing& framing = source.client.framing();
  response.bodiless = x.request().method == http::Method::head || head.status == 204 ||
                      head.status == 304;
  if (response.bodiless) {
    response.content_length = http::content_length(head.fields);
  } else if (framing.kind != http::Framing::Kind::chunked &&
             framing.kind != http::Framing::Kind::until_close) {
    response.content_length = framing.length;
  }
  Piece first;
  if (body.done()) {
    first.state = Piece::State::end;
  } else if (auto ready = body.ready()) {
    first = *ready;
  }
  if (first.failed()) {
    // Known to be broken before the client saw anything: an honest 502.
    source.lease.failed(upstream::Failure::bad_response);
    source.lease.close();
    co_await respond_error(x, 502, "bad-content");
    co_return;
  }
  bool end = first.state == Piece::State::end;
  iovec content = piece_of(first.bytes);
  std::span<iovec> pieces(&content, first.bytes.empty() ? 0 : 1);
  if (end && !response.bodiless && !response.content_length && body.trailers().empty()) {
    response.content_length = first.bytes.size();  // it is all here: no need for chunks
  }
  bool whole = end && body.trailers().empty();
  if (end && request_sent) finish_source(source);
  int sent = co_await x.client.send_head(response, pieces, whole);
  room.release();
  if (sent != 0) {
    client_failed(x, sent);
    co_return;
  }
  if (end && !whole) {
    sent = co_await x.client.send_content({}, true, body.trailers());
    if (sent != 0) client_failed(x, sent);
    co_return;
  }
  if (!end) co_await relay_content(x, source, request_sent);
}

io::Task<void> pass(Exchange& x, PassReason reason) {
  Upload upload;
  x.told.forward = reason.forward;
  x.told.detail = reason.detail;
  Ask ask;
  FetchResult fetched = co_await fetch(x, ask, upload);
  if (fetched.source == nullptr) {
    if (upload.begun()) co_await upload.finish();
    co_await respond_error(x, fetched.status, fetched.why);
    co_return;
  }
  Source& source = *fetched.source;
  x.told.forward_status = source.client.head().status;
  // Before the client knows: what it asks next must not meet what its request made invalid.
  if (!http::is_safe(x.request().method)) invalidate(x, source.client.head());
  co_await relay(x, source, x.told, !upload.begun());
  bool streaming = upload.begun() && !upload.complete();
  if (streaming && source.lease) source.lease.stream().shut_down();
  if (upload.begun()) co_await upload.finish();
  if (streaming) source.lease.close();
  finish_source(source);
}

}  // namespace ringwall::proxy
