#include "daemon/proxy/upload.h"

#include "daemon/http/chunked.h"

namespace ringwall::proxy {

void Upload::begin(Exchange& x, Source& source) {
  begun_ = true;
  client_stream_ = &x.client;
  if (!group_.spawn(run(x, source))) failure_ = 503;
}

io::Task<void> Upload::run(Exchange& x, Source& source) {
  const conf::Upstream& settings = x.snapshot.upstreams->at(x.route->upstream).settings();
  bool chunked = x.request().framing.kind == http::Framing::Kind::chunked;
  for (;;) {
    session::Piece piece = co_await x.client.read_content();
    if (piece.failed()) {
      using State = session::Piece::State;
      failure_ = piece.state == State::too_large   ? 413
                 : piece.state == State::timed_out ? 408
                                                   : 400;
      // Whatever the backend has of the request now, it must not take it for complete.
      source.lease.stream().shut_down();
      co_return;
    }
    bool end = piece.state == session::Piece::State::end;
    char head[24];
    iovec pieces[5];
    size_t count = 0;
    if (chunked && !piece.bytes.empty()) {
      pieces[count++] = {head, http::write_chunk_head(piece.bytes.size(), head)};
    }
    pieces[count++] = {const_cast<char*>(piece.bytes.data()), piece.bytes.size()};
    if (chunked && !piece.bytes.empty()) pieces[count++] = {const_cast<char*>("\r\n"), 2};
    std::string_view trailers = x.client.request_trailers();
    if (chunked && end) {
      pieces[count++] = {const_cast<char*>("0\r\n"), 3};
      trailing_.assign(trailers);
      trailing_ += "\r\n";
      pieces[count++] = {trailing_.data(), trailing_.size()};
    }
    int sent = co_await net::send_all(source.lease.stream(), std::span<iovec>(pieces, count),
                                      settings.send_timeout, &stop_);
    // A backend that takes no more has perhaps answered already: the response decides.
    if (sent != 0) co_return;
    if (end) break;
  }
  complete_ = true;
}

io::Task<void> Upload::finish() {
  RW_ASSERT(begun_);
  if (!complete_ && !group_.empty()) {
    stop_.request();
    client_stream_->stop_reading();
  }
  co_await group_.wait();
}

}  // namespace ringwall::proxy
