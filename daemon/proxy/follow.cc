// The part of Respond that follows a fill: waits for the head, decides whether it is for this
// request, and sends the content as it arrives.
#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/http/entity_tag.h"
#include "daemon/proxy/reply.h"
#include "daemon/proxy/respond.h"

namespace ringwall::proxy {
namespace {

using State = cache::Follow::State;
using Pieces = std::array<iovec, session::content_pieces_max>;

// One look a second while following covers a wake-up that died with the worker that owed it.
constexpr base::Duration look_again = std::chrono::seconds(1);

/// Whether what another fetched is for this request too; `answered`: it is.
FollowEnd judge_shared(const cache::Follow& follow, const Question& question) {
  const cache::Facts& facts = follow.facts();
  if (caching::has(facts, caching::error)) return FollowEnd::failed;
  if (!question.selected_by(follow.selectors())) return FollowEnd::other;
  // RFC 9111 section 4: what is not fresh may not be used again without validation, and to those
  // who only waited it is a stored response like any other.
  if (!question.serves(facts)) return FollowEnd::unshared;
  return FollowEnd::answered;
}

/// What is left to send of a fill, and what has been.
struct Sending {
  session::Response response;
  uint64_t offset = 0;
  uint64_t end = UINT64_MAX;  // of what is wanted
  bool last = true;           // nothing of the response comes behind it
};

/// Remembers where another fill of the same representation may go on.
void note_resume(Exchange& x, const cache::Follow& follow, uint64_t offset) {
  x.resume.reset();
  std::string_view etag = caching::stored_value(follow.head(), "etag");
  auto length = follow.content_length();
  bool strong = http::is_entity_tag(etag) && !http::is_weak(etag);
  if (!strong || !length || x.record.status != follow.facts().status) return;
  x.resume = Resume{std::string(etag), *length, offset};
}

/// The content, as it arrives.
io::Task<FollowEnd> send_arriving(Exchange& x, cache::Follow& follow, Sending s) {
  Pieces pieces;
  for (;;) {
    State state = follow.state();  // before available(): what is complete then is all there
    uint64_t seen = follow.available();
    uint64_t available = std::min(seen, s.end);
    size_t count = 0;
    uint64_t bytes = 0;
    if (available > s.offset) {
      count = follow.content(s.offset, available - s.offset, pieces);
      for (size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    }
    bool end = s.offset + bytes == s.end ||
               (state == State::complete && s.offset + bytes == available);
    if (bytes > 0 || end || !x.client.head_sent()) {
      std::span<iovec> content(pieces.data(), count);
      int sent = 0;
      if (!x.client.head_sent()) {
        sent = co_await x.client.send_head(s.response, content, end && s.last);
      } else {
        sent = co_await x.client.send_content(content, end && s.last, {});
      }
      if (sent != 0) {
        x.record.error = sent == -ETIME ? "client-slow" : "client-gone";
        co_return FollowEnd::gone;
      }
      s.offset += bytes;
      if (end) co_return FollowEnd::answered;
      continue;
    }
    if (state == State::abandoned || state == State::uncacheable) {
      note_resume(x, follow, s.offset);
      co_return FollowEnd::cut;
    }
    if (!follow.arm(state, seen)) continue;
    io::Until until(x.loop().now() + look_again, &x.facilities.cut);
    co_await x.facilities.fills_moved.wait(until);
    if (x.facilities.cut.requested() || x.client.gone()) {
      x.client.abandon();
      x.record.error = x.client.gone() ? "client-gone" : "stopped";
      co_return FollowEnd::gone;
    }
  }
}

}  // namespace

io::Task<bool> await_end(Exchange& x, cache::Follow& follow, base::Instant patience) {
  for (;;) {
    State state = follow.state();
    uint64_t seen = follow.available();
    if (state != State::waiting && state != State::filling) co_return true;
    if (x.loop().now() >= patience) co_return false;
    if (!follow.arm(state, seen)) continue;
    base::Instant at = std::min(patience, x.loop().now() + look_again);
    io::Until until(at, &x.facilities.cut);
    co_await x.facilities.fills_moved.wait(until);
    if (x.facilities.cut.requested()) co_return false;
  }
}

io::Task<bool> await_head(Exchange& x, cache::Follow& follow, base::Instant patience) {
  while (follow.state() == State::waiting) {
    if (x.loop().now() >= patience) co_return false;
    if (!follow.arm(State::waiting, 0)) continue;
    base::Instant at = std::min(patience, x.loop().now() + look_again);
    io::Until until(at, &x.facilities.cut);
    co_await x.facilities.fills_moved.wait(until);
    if (x.facilities.cut.requested()) co_return false;
  }
  co_return true;
}

io::Task<FollowEnd> send_part(Exchange& x, cache::Follow& follow, uint64_t offset, uint64_t end,
                              bool last) {
  Sending s;
  s.offset = offset;
  s.end = end;
  s.last = last;
  return send_arriving(x, follow, s);
}

io::Task<FollowEnd> respond_follow(Exchange& x, cache::Follow& follow, const Question& question,
                                   bool leading) {
  base::Instant patience =
      leading ? base::Instant::never() : x.loop().now() + x.route->cache.lock_timeout;
  bool there = co_await await_head(x, follow, patience);
  if (!there) co_return FollowEnd::late;
  State state = follow.state();
  if (state == State::uncacheable) co_return FollowEnd::unshared;
  if (state == State::abandoned) co_return FollowEnd::abandoned;
  if (!leading) {
    FollowEnd judged = judge_shared(follow, question);
    if (judged != FollowEnd::answered) co_return judged;
  }

  const cache::Facts& facts = follow.facts();
  Sending s;
  if (x.client.head_sent()) {
    bool same = x.resume && follow.content_length() == x.resume->length &&
                caching::stored_value(follow.head(), "etag") == x.resume->etag;
    if (!same) co_return FollowEnd::failed;
    s.offset = x.resume->offset;
    s.end = x.resume->length;
    FollowEnd end = co_await send_arriving(x, follow, s);
    co_return end;
  }
  http::CacheStatus status = x.told;
  if (status.forward == http::CacheStatus::Forward::none) {
    status.forward = http::CacheStatus::Forward::uri_miss;
  }
  status.collapsed = !leading;
  status.stored = leading && x.told.stored;
  Added added(x, facts, status);
  std::optional<uint64_t> length = follow.content_length();
  Reply reply = reply_to(x, facts, follow.head(), length, false);
  s.response.status = facts.status;
  s.response.fields = follow.head();
  s.response.content_length = length;
  if (length) s.end = *length;
  if (reply.kind == Reply::Kind::not_modified) {
    s.response.status = 304;
    s.response.content_length.reset();
    s.response.bodiless = true;
  } else if (reply.kind == Reply::Kind::unsatisfiable) {
    s.response.status = 416;
    s.response.fields = {};
    s.response.content_length = 0;
    s.end = 0;
    added.write_unsatisfied(x, *length);
  } else if (reply.kind == Reply::Kind::part) {
    const http::ByteRange& range = reply.ranges->ranges[0];
    s.response.status = 206;
    s.response.content_length = range.length();
    s.offset = range.first;
    s.end = range.last + 1;
    http::write_content_range(added.writer(), range, *length);
  }
  if (x.request().method == http::Method::head) s.response.bodiless = true;
  if (s.response.bodiless) s.end = s.offset;
  std::string with_own;
  if (leading && !x.withheld.empty()) {
    with_own = x.withheld;
    with_own += added.text();
  }
  s.response.added = with_own.empty() ? added.text() : std::string_view(with_own);
  x.record.status = s.response.status;
  FollowEnd end = co_await send_arriving(x, follow, s);
  co_return end;
}

}  // namespace ringwall::proxy
