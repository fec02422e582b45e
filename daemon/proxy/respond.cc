#include "daemon/proxy/respond.h"

#include <array>

#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/http/cache_status.h"
#include "daemon/http/head_writer.h"

namespace ringwall::proxy {
namespace {

// One look a second while following covers a wake-up that died with the worker that owed it.
constexpr base::Duration look_again = std::chrono::seconds(1);
constexpr http::FieldMask conditions = {http::FieldName::if_none_match,
                                        http::FieldName::if_modified_since};
using Pieces = std::array<iovec, session::content_pieces_max>;

/// The lines that ringwall adds to a response from the cache.
class Added {
 public:
  Added(const Exchange& x, const cache::Facts& facts, http::CacheStatus status) {
    int64_t now = x.loop().wall_seconds();
    uint32_t age = caching::current_age(freshness_of(facts), now);
    writer_.field(http::FieldName::age, age);
    status.ttl = static_cast<int64_t>(facts.lifetime_s) - age;
    status.has_ttl = true;
    http::write_cache_status(writer_, x.snapshot.config.http.via, status);
    writer_.raw(x.snapshot.via_line);
  }
  std::string_view text() const { return writer_.text(); }

 private:
  std::array<char, 384> room_ = {};
  http::HeadWriter writer_{room_};
};

session::Response response_from(const cache::Facts& facts, std::string_view head,
                                std::string_view added) {
  session::Response response;
  response.status = facts.status;
  response.fields = head;
  response.added = added;
  return response;
}

/// A 304 in place of the stored 200 when the client has it already (RFC 9110 section 13.2.2).
bool not_modified(const Exchange& x, const cache::Facts& facts, std::string_view head) {
  return facts.status == 200 && x.request().fields.present().intersects(conditions) &&
         caching::not_modified(x.request().fields, head, x.loop().wall_seconds());
}

io::Task<void> send_not_modified(Exchange& x, session::Response response) {
  response.status = 304;
  response.bodiless = true;
  response.content_length.reset();
  x.record.status = 304;
  int sent = co_await x.client.send_head(response, {}, true);
  if (sent != 0) x.record.error = "client-gone";
}

}  // namespace

io::Task<void> respond_hit(Exchange& x, cache::Hit hit) {
  const cache::Facts& facts = hit.facts();
  http::CacheStatus status;
  status.hit = true;
  Added added(x, facts, status);
  session::Response response = response_from(facts, hit.head(), added.text());
  x.record.status = facts.status;
  if (not_modified(x, facts, hit.head())) {
    co_await send_not_modified(x, response);
    co_return;
  }
  uint64_t length = hit.content_length();
  response.content_length = length;
  response.bodiless = x.request().method == http::Method::head;
  uint64_t left = response.bodiless ? 0 : length;
  Pieces pieces;
  uint64_t offset = 0;
  do {
    size_t count = left > 0 ? hit.content(offset, left, pieces) : 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    offset += bytes;
    left -= bytes;
    std::span<iovec> content(pieces.data(), count);
    int sent = 0;
    if (!x.client.head_sent()) {
      sent = co_await x.client.send_head(response, content, left == 0);
    } else {
      sent = co_await x.client.send_content(content, left == 0, {});
    }
    if (sent != 0) {
      x.record.error = sent == -ETIME ? "client-slow" : "client-gone";
      co_return;
    }
  } while (left > 0);
}

io::Task<FollowEnd> respond_follow(Exchange& x, cache::Follow& follow,
                                   const http::CacheStatus::Forward* leading) {
  using State = cache::Follow::State;
  base::Instant patience =
      leading ? base::Instant::never() : x.loop().now() + x.route->cache.lock_timeout;
  // The head.
  State state = follow.state();
  while (state == State::waiting) {
    if (x.loop().now() >= patience) co_return FollowEnd::late;
    if (follow.arm(State::waiting, 0)) {
      base::Instant at = std::min(patience, x.loop().now() + look_again);
      io::Until until(at, &x.facilities.cut);
      co_await x.facilities.fills_moved.wait(until);
      if (x.facilities.cut.requested()) co_return FollowEnd::late;
    }
    state = follow.state();
  }
  if (state == State::uncacheable) co_return FollowEnd::unshared;
  if (state == State::abandoned) co_return FollowEnd::abandoned;

  const cache::Facts& facts = follow.facts();
  http::CacheStatus status;
  status.forward = leading ? *leading : http::CacheStatus::Forward::uri_miss;
  status.collapsed = !leading;
  status.stored = leading != nullptr && facts.lifetime_s > 0;
  Added added(x, facts, status);
  session::Response response = response_from(facts, follow.head(), added.text());
  x.record.status = facts.status;
  if (not_modified(x, facts, follow.head())) {
    co_await send_not_modified(x, response);
    co_return FollowEnd::answered;
  }
  response.content_length = follow.content_length();
  response.bodiless = x.request().method == http::Method::head;

  // The content, as it arrives.
  Pieces pieces;
  uint64_t offset = 0;
  for (;;) {
    state = follow.state();  // before available(): what is complete then is all there
    uint64_t available = follow.available();
    size_t count = 0;
    uint64_t bytes = 0;
    if (available > offset && !response.bodiless) {
      count = follow.content(offset, available - offset, pieces);
      for (size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    }
    bool end = response.bodiless || (state == State::complete && offset + bytes == available);
    if (response.content_length && offset + bytes == *response.content_length) end = true;
    if (bytes > 0 || end || !x.client.head_sent()) {
      std::span<iovec> content(pieces.data(), count);
      int sent = 0;
      if (!x.client.head_sent()) {
        sent = co_await x.client.send_head(response, content, end);
      } else {
        sent = co_await x.client.send_content(content, end, {});
      }
      if (sent != 0) {
        x.record.error = sent == -ETIME ? "client-slow" : "client-gone";
        co_return FollowEnd::answered;
      }
      offset += bytes;
      if (end) co_return FollowEnd::answered;
      continue;
    }
    if (state == State::abandoned || state == State::uncacheable) co_return FollowEnd::cut;
    if (follow.arm(state, offset)) {
      io::Until until(x.loop().now() + look_again, &x.facilities.cut);
      co_await x.facilities.fills_moved.wait(until);
      if (x.facilities.cut.requested()) {
        x.client.abandon();
        co_return FollowEnd::answered;
      }
    }
  }
}

}  // namespace ringwall::proxy
