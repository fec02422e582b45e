#include "daemon/proxy/fill.h"

namespace ringwall::proxy {
namespace {

using session::Piece;

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

void finish_fill(Facilities& f, cache::Fill& fill, const FillJob& job) {
  if (job.keep) {
    fill.finish();
    f.stats.add(stats::Counter::cache_stored);
  } else {
    fill.finish_unstored();
  }
}

/// Room for more content; empty: there is none. A response that tells no length may turn out larger
/// than is stored only when others follow it already: it goes on for them, as far as the segment
/// allows, and is dropped afterwards.
std::span<std::byte> room_for_more(cache::Fill& fill, const FillJob& job, uint64_t bytes_max) {
  bool too_large = fill.committed() >= bytes_max;
  if (too_large && !fill.followed(job.leader_waits ? 1 : 0)) return {};
  return fill.space();
}

/// Whether nobody wants the rest: the client that led has gone, nobody follows, and too little has
/// come to finish it for those who come later.
bool is_unwanted(const cache::Fill& fill, const FillJob& job) {
  if (!job.leader_gone || job.finish_percent == 0 || fill.followed(0)) return false;
  auto length = fill.content_length();
  return !length || fill.committed() < *length / 100 * job.finish_percent;
}

/// Reads the rest of the content into the segment.
io::Task<void> run_fill(Facilities& f, std::shared_ptr<FillJob> job, cache::Fill fill,
                        uint64_t object_bytes_max) {
  Source& source = *job->source;
  session::BodyReader& body = source.client.body();
  base::Instant end_at = f.loop.now() + source.idle_timeout;
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
      remember_uncacheable(f, key, remember_too_large_s);
      co_return;
    }
    // In steps where it may turn out meanwhile that nobody wants the rest.
    base::Instant step = job->finish_percent == 0 ? end_at
                                                  : std::min(end_at, f.loop.now() + client_look);
    io::Until until(step, &f.cut);
    Piece piece = co_await body.next_into(room, until);
    if (piece.state == Piece::State::timed_out && f.loop.now() < end_at) {
      if (!is_unwanted(fill, *job)) continue;
      piece.state = Piece::State::stopped;
    }
    end_at = f.loop.now() + source.idle_timeout;
    if (piece.failed()) {
      if (piece.state != Piece::State::stopped) source.lease.failed(upstream::Failure::cut);
      if (piece.state == Piece::State::timed_out) f.stats.add(stats::Counter::timeouts_upstream_idle);
      f.stats.add(stats::Counter::cache_fills_abandoned);
      source.lease.close();
      job->source.reset();
      co_return;
    }
    fill.commit(piece.bytes.size());
    if (!body.done() && is_unwanted(fill, *job)) {
      f.stats.add(stats::Counter::cache_fills_abandoned);
      source.lease.close();
      job->source.reset();
      co_return;
    }
  }
  finish_fill(f, fill, *job);
  if (fill.committed() > object_bytes_max) {
    remember_uncacheable(f, std::string(fill.key()), remember_too_large_s);
  }
  finish_source(source);
  job->source.reset();
}

}  // namespace

void remember_uncacheable(Facilities& f, std::string_view key, uint32_t seconds) {
  cache::Purge purge;
  purge.text = key;
  f.store->purge(purge);
  cache::Lookup lookup;
  lookup.key = key;
  lookup.now = f.loop.wall_seconds();
  lookup.selects = [](std::string_view, const void*) { return true; };
  lookup.use = [](const cache::Candidate&, const void*) { return cache::Use::replace; };
  lookup.describe = [](std::string_view, std::span<char>, const void*) { return size_t{0}; };
  cache::Found found = f.store->find(lookup);
  if (auto* fill = std::get_if<cache::Fill>(&found.way)) fill->uncacheable(seconds);
}

FillBegin begin_content(Exchange& x, std::shared_ptr<FillJob> job, cache::Fill fill,
                        uint64_t object_bytes_max) {
  Source& source = *job->source;
  bool broken = false;
  if (fill_ready(fill, source.client.body(), broken)) {
    finish_fill(x.facilities, fill, *job);
    finish_source(source);
    job->source.reset();
    return FillBegin::going;
  }
  if (broken) {
    source.lease.failed(upstream::Failure::bad_response);
    return FillBegin::broken;
  }
  Facilities& f = x.facilities;
  bool spawned = f.background.spawn(run_fill(f, job, std::move(fill), object_bytes_max));
  return spawned ? FillBegin::going : FillBegin::no_memory;
}

}  // namespace ringwall::proxy
