#include "daemon/proxy/slices.h"

#include <fmt/format.h>

#include "daemon/base/text.h"
#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/http/entity_tag.h"
#include "daemon/proxy/manifest.h"
#include "daemon/proxy/reply.h"
#include "daemon/proxy/synthetic.h"

namespace ringwall::proxy {
namespace {

/// Where in the representation lies what is wanted.
struct Wanted {
  uint64_t first = 0;
  uint64_t end = 0;
};

uint64_t first_byte(const Reply& reply) {
  return reply.kind == Reply::Kind::part ? reply.ranges->ranges[0].first : 0;
}

bool has_slice(const Exchange& x, const caching::Plan& plan, const Manifest& manifest,
               uint64_t index) {
  std::string key = manifest.slice_key(index);
  Question question(x, plan, key);
  return question.peek().has_value();
}

/// Sends the head; the content comes slice by slice. `other`: several ranges, which are not sent in
/// slices.
io::Task<FollowEnd> send_head(Exchange& x, const caching::Plan& plan, const Manifest& manifest,
                              Wanted& wanted) {
  Reply reply = reply_to(x, manifest.facts, manifest.lines, manifest.length, true);
  if (reply.kind == Reply::Kind::parts) co_return FollowEnd::other;
  http::CacheStatus status = x.told;
  if (!manifest.fetched) {
    // Known as a whole; the bytes that are wanted may be there or not.
    bool there = has_slice(x, plan, manifest, first_byte(reply) / manifest.slice);
    status = {};
    status.hit = there;
    if (!there) status.forward = http::CacheStatus::Forward::partial;
    x.record.cache = there ? CacheOutcome::hit : CacheOutcome::miss;
    x.told = status;
  }
  Added added(x, manifest.facts, status);
  session::Response response;
  response.status = 200;
  response.fields = manifest.lines;
  response.content_length = manifest.length;
  wanted.end = manifest.length;
  if (reply.kind == Reply::Kind::part) {
    const http::ByteRange& range = reply.ranges->ranges[0];
    wanted.first = range.first;
    wanted.end = range.last + 1;
    response.status = 206;
    response.content_length = range.length();
    http::write_content_range(added.writer(), range, manifest.length);
  } else if (reply.kind == Reply::Kind::not_modified) {
    response.status = 304;
    response.content_length.reset();
    response.bodiless = true;
    wanted.end = 0;
  } else if (reply.kind == Reply::Kind::unsatisfiable) {
    response.status = 416;
    response.fields = {};
    response.content_length = 0;
    added.write_unsatisfied(x, manifest.length);
    wanted.end = 0;
  }
  response.added = added.text();
  x.record.status = response.status;
  int sent = co_await x.client.send_head(response, {}, wanted.first >= wanted.end);
  if (sent == 0) co_return FollowEnd::answered;
  x.record.error = sent == -ETIME ? "client-slow" : "client-gone";
  co_return FollowEnd::gone;
}

/// One slice: stored, on its way, or fetched now.
io::Task<FollowEnd> send_slice(Exchange& x, const caching::Plan& plan, const Manifest& manifest,
                               uint64_t index, Wanted wanted) {
  uint64_t base = index * manifest.slice;
  uint64_t from = std::max(wanted.first, base) - base;
  uint64_t to = std::min(wanted.end, base + manifest.slice) - base;
  bool last = base + to == wanted.end;
  std::string key = manifest.slice_key(index);
  for (unsigned tries = 0; tries < 3; ++tries) {
    Question question(x, plan, key);
    cache::Found found = question.find_as_part();
    if (auto* hit = std::get_if<cache::Hit>(&found.way)) {
      int sent = co_await send_part(x, *hit, from, to, last);
      co_return sent == 0 ? FollowEnd::answered : FollowEnd::gone;
    }
    std::optional<cache::Follow> follow;
    if (auto* followed = std::get_if<cache::Follow>(&found.way)) follow = std::move(*followed);
    if (auto* fill = std::get_if<cache::Fill>(&found.way)) {
      cache::Fill permit = std::move(*fill);
      follow = co_await fetch_slice(x, manifest, index, std::move(permit));
      if (!follow) co_return FollowEnd::failed;
    }
    if (!follow) co_return FollowEnd::failed;
    bool there = co_await await_head(x, *follow, base::Instant::never());
    if (!there) co_return FollowEnd::gone;
    bool usable = follow->state() != cache::Follow::State::abandoned &&
                  follow->state() != cache::Follow::State::uncacheable &&
                  !caching::has(follow->facts(), caching::error);
    if (!usable) continue;
    FollowEnd end = co_await send_part(x, *follow, from, to, last);
    if (end != FollowEnd::cut) co_return end;
    // What was sent of it is sent: the next try goes on behind it.
    from = x.client.content_bytes_sent() + wanted.first - base;
  }
  co_return FollowEnd::failed;
}

}  // namespace

bool may_slice(const Exchange& x) {
  const http::RequestHead& request = x.request();
  return x.route->cache.slice_size != 0 && request.method == http::Method::get &&
         request.fields.has(http::FieldName::range) && !x.detached;
}

bool is_sliced(const Exchange& x, const Question& question) {
  bool whole = x.route->cache.slice_size != 0 && !x.detached &&
               x.request().method == http::Method::get;
  if (!whole) return false;
  auto length = sliced_length(x, question.plan(), question.key());
  return length && *length > x.object_bytes_max();
}

io::Task<FollowEnd> serve_slices(Exchange& x, const caching::Plan& plan, std::string_view key) {
  Manifest manifest;
  FollowEnd found = co_await find_manifest(x, plan, key, manifest);
  if (found != FollowEnd::answered) co_return found;
  Wanted wanted;
  FollowEnd sent = co_await send_head(x, plan, manifest, wanted);
  if (sent != FollowEnd::answered || wanted.first >= wanted.end) co_return sent;
  for (uint64_t index = wanted.first / manifest.slice; index * manifest.slice < wanted.end;
       ++index) {
    FollowEnd end = co_await send_slice(x, plan, manifest, index, wanted);
    if (end == FollowEnd::gone) co_return end;
    if (end != FollowEnd::answered) {
      co_await respond_error(x, 502, "slice-failed");
      co_return FollowEnd::answered;
    }
  }
  co_return FollowEnd::answered;
}

}  // namespace ringwall::proxy
