#include "daemon/proxy/respond.h"

#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/proxy/reply.h"

namespace ringwall::proxy {
namespace {

using Pieces = std::array<iovec, session::content_pieces_max>;

void client_failed(Exchange& x, int code) {
  x.record.error = code == -ETIME ? "client-slow" : "client-gone";
}

uint64_t sum_of(std::span<const iovec> pieces) {
  uint64_t bytes = 0;
  for (const iovec& piece : pieces) bytes += piece.iov_len;
  return bytes;
}

/// A head without content: 304, 416, or what HEAD gets.
io::Task<void> send_bodiless(Exchange& x, session::Response response) {
  response.bodiless = true;
  x.record.status = response.status;
  int sent = co_await x.client.send_head(response, {}, true);
  if (sent != 0) client_failed(x, sent);
}

/// 304 in place of the stored 200 (RFC 9110 section 15.4.5).
io::Task<void> send_not_modified(Exchange& x, session::Response response) {
  response.status = 304;
  response.content_length.reset();
  return send_bodiless(x, response);
}

/// 416 (RFC 9110 section 15.5.17).
io::Task<void> send_unsatisfiable(Exchange& x, Added& added, uint64_t length) {
  added.write_unsatisfied(x, length);
  session::Response response;
  response.status = 416;
  response.added = added.text();
  response.content_length = 0;
  x.record.status = 416;
  int sent = co_await x.client.send_head(response, {}, true);
  if (sent != 0) client_failed(x, sent);
}

}  // namespace

io::Task<int> send_part(Exchange& x, const cache::Hit& hit, uint64_t offset, uint64_t end,
                        bool last) {
  Pieces pieces;
  do {
    size_t count = offset < end ? hit.content(offset, end - offset, pieces) : 0;
    std::span<iovec> content(pieces.data(), count);
    offset += sum_of(content);
    int sent = co_await x.client.send_content(content, last && offset == end, {});
    if (sent != 0) {
      client_failed(x, sent);
      co_return sent;
    }
  } while (offset < end);
  co_return 0;
}

namespace {

/// Several ranges as multipart/byteranges.
io::Task<void> send_parts(Exchange& x, const cache::Hit& hit, session::Response response,
                          const http::Selected& ranges) {
  Multipart parts(ranges, caching::stored_value(response.fields, "content-type"),
                  hit.content_length());
  std::string fields = without_line(response.fields, "content-type");
  fields += "Content-Type: " + parts.content_type() + "\r\n";
  response.fields = fields;
  response.content_length = parts.total();
  for (size_t i = 0; i <= ranges.count; ++i) {
    std::string_view text = parts.before(i);
    iovec piece = {const_cast<char*>(text.data()), text.size()};
    std::span<iovec> content(&piece, 1);
    bool end = i == ranges.count;
    int sent = 0;
    if (i == 0) {
      sent = co_await x.client.send_head(response, content, false);
    } else {
      sent = co_await x.client.send_content(content, end, {});
    }
    if (sent != 0) {
      client_failed(x, sent);
      co_return;
    }
    if (end) co_return;
    const http::ByteRange& range = ranges.ranges[i];
    sent = co_await send_part(x, hit, range.first, range.last + 1, false);
    if (sent != 0) co_return;
  }
}

session::Response response_from(const cache::Facts& facts, std::string_view head,
                                std::string_view added) {
  session::Response response;
  response.status = facts.status;
  response.fields = head;
  response.added = added;
  return response;
}

/// Where a response that was cut may go on: what was sent is the begin of this representation.
bool resumes(const Exchange& x, std::string_view head, std::optional<uint64_t> length) {
  return x.resume && length == x.resume->length &&
         caching::stored_value(head, "etag") == x.resume->etag;
}

}  // namespace

io::Task<void> respond_stored(Exchange& x, cache::Hit hit, cache::Facts facts,
                              std::string_view lines, http::CacheStatus status) {
  uint64_t length = hit.content_length();
  if (x.client.head_sent()) {
    if (!resumes(x, lines, length)) {
      x.client.abandon();
      co_return;
    }
    co_await send_part(x, hit, x.resume->offset, length, true);
    co_return;
  }
  Added added(x, facts, status);
  Reply reply = reply_to(x, facts, lines, length, true);
  session::Response response = response_from(facts, lines, added.text());
  if (reply.kind == Reply::Kind::not_modified) {
    co_await send_not_modified(x, response);
    co_return;
  }
  if (reply.kind == Reply::Kind::unsatisfiable) {
    co_await send_unsatisfiable(x, added, length);
    co_return;
  }
  uint64_t offset = 0;
  uint64_t end = length;
  if (reply.kind != Reply::Kind::whole) response.status = 206;
  x.record.status = response.status;
  if (reply.kind == Reply::Kind::parts) {
    co_await send_parts(x, hit, response, *reply.ranges);
    co_return;
  }
  if (reply.kind == Reply::Kind::part) {
    const http::ByteRange& range = reply.ranges->ranges[0];
    offset = range.first;
    end = range.last + 1;
    http::write_content_range(added.writer(), range, length);
    response.added = added.text();
  }
  response.content_length = end - offset;
  response.bodiless = x.request().method == http::Method::head;
  if (response.bodiless) end = offset;
  // The first send here, which most responses need no more than: a frame less for them.
  Pieces pieces;
  size_t count = offset < end ? hit.content(offset, end - offset, pieces) : 0;
  std::span<iovec> content(pieces.data(), count);
  offset += sum_of(content);
  int sent = co_await x.client.send_head(response, content, offset == end);
  if (sent != 0) {
    client_failed(x, sent);
    co_return;
  }
  if (offset < end) co_await send_part(x, hit, offset, end, true);
}

io::Task<void> respond_hit(Exchange& x, cache::Hit hit, http::CacheStatus status) {
  cache::Facts facts = hit.facts();
  std::string_view lines = hit.head();
  return respond_stored(x, std::move(hit), facts, lines, status);
}

}  // namespace ringwall::proxy
