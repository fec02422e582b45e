#include "daemon/proxy/fill.h"

#include "daemon/caching/freshness.h"
#include "daemon/caching/storable.h"
#include "daemon/http/cache_status.h"
#include "daemon/proxy/pass.h"
#include "daemon/proxy/respond.h"
#include "daemon/proxy/response_fields.h"
#include "daemon/proxy/synthetic.h"
#include "daemon/proxy/upload.h"

namespace ringwall::proxy {
namespace {

using session::Piece;

// How long a key is remembered as uncacheable, so that its requests are not collapsed in vain.
constexpr uint32_t remember_uncacheable_s = 10;
// And one that turned out too large only when it had been shared: the next to share it might be cut.
constexpr uint32_t remember_too_large_s = 120;

/// A fill on its way, shared by the leader and the task that reads the content. When the segment
/// has no room for the rest, the reader hands the source over and the leader goes on without it.
struct FillJob {
  std::unique_ptr<Source> source;
  bool leader_waits = true;
};

/// Copies what came with the head into the segment; true when that was all of the content.
bool fill_ready(cache::Fill& fill, session::BodyReader& body, bool& broken) {
  while (body.buffered()) {
    std::span<std::byte> room = fill.space();
    if (room.empty()) return false;
    Piece piece = body.ready_into(room);
    broken = piece.failed();
    if (broken) return false;
    if (!piece.bytes.empty()) fill.commit(piece.bytes.size());
  }
  return body.done();
}

/// A key whose response is too large to be stored and did not say so: for a while its requests are
/// not collapsed.
void remember_too_large(Facilities& f, const std::string& key) {
  f.store->purge(key);
  auto never = [](const cache::Facts&, const void*) { return false; };
  cache::Found found = f.store->find(key, never, nullptr, f.loop.wall_seconds());
  if (auto* fill = std::get_if<cache::Fill>(&found)) fill->uncacheable(remember_too_large_s);
}

/// Room for more content; empty: there is none. A response that tells no length may turn out larger
/// than is stored only when others follow it already: it goes on for them, as far as the segment
/// allows, and is dropped afterwards.
std::span<std::byte> room_for_more(cache::Fill& fill, const FillJob& job, uint64_t bytes_max) {
  bool too_large = fill.committed() >= bytes_max;
  if (too_large && !fill.followed(job.leader_waits ? 1 : 0)) return {};
  return fill.space();
}

/// Reads the rest of the content into the segment.
io::Task<void> run_fill(Facilities& f, std::shared_ptr<FillJob> job, cache::Fill fill,
                        uint64_t object_bytes_max) {
  Source& source = *job->source;
  session::BodyReader& body = source.client.body();
  while (!body.done()) {
    std::span<std::byte> room = room_for_more(fill, *job, object_bytes_max);
    if (room.empty()) {
      // Those who read it from here get no further; the leader does, from the source itself.
      if (!job->leader_waits) source.lease.close();
      if (fill.committed() < object_bytes_max) co_return;
      std::string key(fill.key());
      {
        cache::Fill ended = std::move(fill);
      }
      remember_too_large(f, key);
      co_return;
    }
    io::Until until(f.loop.now() + source.idle_timeout, &f.cut);
    Piece piece = co_await body.next_into(room, until);
    if (piece.failed()) {
      if (piece.state != Piece::State::stopped) source.lease.failed(upstream::Failure::cut);
      if (piece.state == Piece::State::timed_out) f.stats.add(stats::Counter::timeouts_upstream_idle);
      f.stats.add(stats::Counter::cache_fills_abandoned);
      source.lease.close();
      job->source.reset();
      co_return;
    }
    fill.commit(piece.bytes.size());
  }
  fill.finish();
  if (fill.committed() > object_bytes_max) {
    remember_too_large(f, std::string(fill.key()));
  } else {
    f.stats.add(stats::Counter::cache_stored);
  }
  finish_source(source);
  job->source.reset();
}

cache::Facts facts_of(const caching::Verdict& verdict, const http::ResponseHead& head) {
  cache::Facts facts;
  facts.response_time_s = verdict.freshness.response_time_s;
  facts.age_at_response_s = verdict.freshness.age_at_response_s;
  facts.lifetime_s = verdict.freshness.lifetime_s;
  facts.status = head.status;
  return facts;
}

/// The leader could not get a response. Those who wait get the same error through the fill, once:
/// letting each of them ask for itself would send a failing origin everything that was collapsed.
io::Task<void> lead_failed(Exchange& x, cache::Fill fill, std::string_view key,
                           const FetchResult& fetched) {
  cache::Facts facts;  // a lifetime of 0: nobody finds it usable
  facts.status = static_cast<uint16_t>(fetched.status);
  facts.response_time_s = x.loop().wall_seconds();
  constexpr std::string_view fields = "Cache-Control: no-store\r\n";
  if (fill.begin_head(facts, fields, 0)) {
    fill.finish();
    x.facilities.store->purge(key);
  }
  co_await respond_error(x, fetched.status, fetched.why);
}

/// Not to be stored: the client gets it directly.
io::Task<void> relay_unstored(Exchange& x, Source& source, http::CacheStatus::Forward forward,
                              std::string_view reason) {
  http::CacheStatus status;
  status.forward = forward;
  status.forward_status = source.client.head().status;
  status.detail = reason;
  co_await relay(x, source, status, true);
  finish_source(source);
}

}  // namespace

io::Task<void> lead(Exchange& x, cache::Fill fill, std::string_view key, bool stale) {
  using Forward = http::CacheStatus::Forward;
  Forward forward = stale ? Forward::stale : Forward::uri_miss;
  Facilities& f = x.facilities;
  Upload none;
  FetchResult fetched = co_await fetch(x, true, none);
  if (fetched.source == nullptr) {
    co_await lead_failed(x, std::move(fill), key, fetched);
    co_return;
  }
  Source& source = *fetched.source;
  const http::ResponseHead& head = source.client.head();
  caching::Times times;
  times.requested_s = source.asked_at_s;
  times.received_s = x.loop().wall_seconds();
  caching::Verdict verdict = caching::judge(head, times, x.route->cache.default_lifetime);
  std::optional<uint64_t> length;
  if (source.client.framing().kind == http::Framing::Kind::length ||
      source.client.framing().kind == http::Framing::Kind::none) {
    length = source.client.framing().length;
  }
  uint64_t object_bytes_max = x.snapshot.config.cache.object_size_max;
  if (verdict.store && length && *length > object_bytes_max) {
    verdict.store = false;
    verdict.reason = "object-size";
  }
  if (!verdict.store) {
    fill.uncacheable(remember_uncacheable_s);  // those who wait fetch for themselves
    x.record.cache = CacheOutcome::uncacheable;
    co_await relay_unstored(x, source, forward, verdict.reason);
    co_return;
  }
  io::Chunk room = response_fields_room(x.loop(), head);
  std::string_view fields = write_response_fields(head, times.received_s, room, true);
  cache::Facts facts = facts_of(verdict, head);
  if (!room || !fill.begin_head(facts, fields, length)) {
    x.record.cache = CacheOutcome::no_room;
    room.release();
    co_await relay_unstored(x, source, forward, "no-room");
    co_return;
  }
  room.release();

  cache::Follow follow = fill.follow();
  auto job = std::make_shared<FillJob>();
  job->source = std::move(fetched.source);
  bool broken = false;
  if (fill_ready(fill, source.client.body(), broken)) {
    fill.finish();
    f.stats.add(stats::Counter::cache_stored);
    finish_source(source);
    job->source.reset();
  } else if (broken) {
    source.lease.failed(upstream::Failure::bad_response);
    co_await respond_error(x, 502, "bad-content");
    co_return;
  } else if (!f.background.spawn(run_fill(f, job, std::move(fill), object_bytes_max))) {
    co_await respond_error(x, 503, "no-memory");
    co_return;
  }
  FollowEnd end = co_await respond_follow(x, follow, &forward);
  job->leader_waits = false;
  if (end == FollowEnd::answered) co_return;
  if (end == FollowEnd::cut && job->source != nullptr) {
    x.record.cache = CacheOutcome::no_room;
    co_await relay_content(x, *job->source, true);
    finish_source(*job->source);
    co_return;
  }
  co_await respond_error(x, 502, "fill-abandoned");
}

}  // namespace ringwall::proxy
