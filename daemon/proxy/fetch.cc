#include "daemon/proxy/fetch.h"

#include "daemon/proxy/upload.h"
#include "daemon/upstream/backend.h"

namespace ringwall::proxy {
namespace {

using upstream::CheckoutError;
using upstream::Failure;
using session::ResponseOutcome;

FetchResult failed(unsigned status, std::string_view why) {
  FetchResult result;
  result.status = status;
  result.why = why;
  return result;
}

FetchResult failed(CheckoutError error) {
  switch (error) {
    case CheckoutError::no_backend: return failed(503, "no-backend");
    case CheckoutError::queue_timeout: return failed(503, "queue-timeout");
    case CheckoutError::connect_timeout: return failed(504, "connect-timeout");
    case CheckoutError::connect_failed: return failed(502, "connect-failed");
    case CheckoutError::stopped: break;
  }
  return failed(503, "stopped");
}

/// What one attempt came to.
struct Attempt {
  enum class State : uint8_t {
    answered,
    stale,      // a kept connection was closed before any byte of a response
    silent,     // failed before any byte of a response
    broken,     // failed after some
    timed_out,
    overdue,    // the exchange as a whole takes too long
    client,     // the client's own content failed, or it is gone
    stopped,
  };
  State state = State::silent;
  Failure failure = Failure::closed;
  std::string_view why;
};

/// Reads heads until the final one, relaying interim ones.
io::Task<Attempt> await_head(Exchange& x, Source& source, const conf::Upstream& settings,
                             Upload& upload) {
  Attempt attempt;
  http::Method method = x.request().method;
  base::Instant end = x.loop().now() + settings.first_byte_timeout;
  for (;;) {
    ResponseOutcome outcome = co_await source.client.read_head(method, next_step(x, end));
    switch (outcome.state) {
      case ResponseOutcome::State::final:
        attempt.state = Attempt::State::answered;
        co_return attempt;
      case ResponseOutcome::State::interim: {
        // 101 would need an Upgrade, which is never forwarded; 100 we have said ourselves.
        if (source.client.head().status == 101) {
          attempt.state = Attempt::State::broken;
          attempt.failure = Failure::bad_response;
          attempt.why = "unasked-upgrade";
          co_return attempt;
        }
        if (source.client.head().status != 100) co_await relay_interim(x, source.client.head());
        continue;
      }
      case ResponseOutcome::State::malformed:
        attempt.state = Attempt::State::broken;
        attempt.failure = Failure::bad_response;
        attempt.why = "bad-response";
        co_return attempt;
      case ResponseOutcome::State::timed_out:
        if (x.overdue()) {
          attempt.state = Attempt::State::overdue;
          attempt.why = "exchange-timeout";
          co_return attempt;
        }
        // A shared response has others to go to.
        if (!source.shared && x.client.gone()) {
          attempt.state = Attempt::State::client;
          attempt.why = "client-gone";
          co_return attempt;
        }
        // While the request still streams, its own progress is what is waited for.
        if (upload.begun() && !upload.complete() && upload.failure() == 0) {
          end = x.loop().now() + settings.first_byte_timeout;
        }
        if (x.loop().now() < end) continue;
        attempt.state = Attempt::State::timed_out;
        attempt.failure = Failure::first_byte_timeout;
        attempt.why = "first-byte-timeout";
        co_return attempt;
      case ResponseOutcome::State::stopped:
        attempt.state = Attempt::State::stopped;
        co_return attempt;
      case ResponseOutcome::State::closed:
        attempt.failure = Failure::closed;
        attempt.why = "backend-closed";
        attempt.state = upload.failure() != 0              ? Attempt::State::client
                        : !source.client.nothing_received() ? Attempt::State::broken
                        : source.lease.reused()             ? Attempt::State::stale
                                                            : Attempt::State::silent;
        co_return attempt;
    }
  }
}

/// Sends the request head, begins the upload where there is content, and waits for the response.
io::Task<Attempt> ask_backend(Exchange& x, Source& source, const Ask& ask,
                              const conf::Upstream& settings, Upload& upload) {
  Attempt attempt;
  io::Chunk room = request_head_room(x, ask);
  std::string_view head = write_request_head(x, settings, source.lease, ask, room);
  if (head.empty()) {
    attempt.state = Attempt::State::client;
    attempt.why = "head-too-large";
    co_return attempt;
  }
  source.asked_at_s = x.loop().wall_seconds();
  base::Instant before = x.loop().now();
  io::Until until(before + settings.send_timeout, &x.facilities.cut);
  int sent = co_await source.lease.stream().send(head, until);
  if (sent > 0 && static_cast<size_t>(sent) < head.size()) {
    std::string_view left = head.substr(static_cast<size_t>(sent));
    iovec rest = {const_cast<char*>(left.data()), left.size()};
    sent = co_await net::send_all(source.lease.stream(), std::span<iovec>(&rest, 1),
                                  settings.send_timeout, &x.facilities.cut);
    if (sent == 0) sent = static_cast<int>(head.size());
  }
  source.bytes_sent = head.size();
  room.release();
  if (sent <= 0) {
    attempt.state = sent == -ECANCELED      ? Attempt::State::stopped
                    : sent == -ETIME        ? Attempt::State::timed_out
                    : source.lease.reused() ? Attempt::State::stale
                                            : Attempt::State::silent;
    attempt.failure = Failure::send;
    attempt.why = sent == -ETIME ? "send-timeout" : "send-failed";
    co_return attempt;
  }
  if (x.client.content_pending() && !upload.begun()) upload.begin(x, source);
  attempt = co_await await_head(x, source, settings, upload);
  if (attempt.state == Attempt::State::answered) {
    x.record.first_byte_us = (x.loop().now() - before).count() / 1000;
    source.lease.succeeded(static_cast<uint64_t>(x.record.first_byte_us));
    source.lease.count_response(source.client.head().status);
  }
  co_return attempt;
}

/// Whether the same request may be sent to another backend after `attempt`.
bool may_repeat(const Exchange& x, const Attempt& attempt, const Upload& upload) {
  if (upload.begun()) return false;  // what was read from the client cannot be read again
  bool quiet = attempt.state == Attempt::State::silent || attempt.state == Attempt::State::stale;
  // A kept connection that was closed meanwhile took nothing of the request as far as we can know
  // only for idempotent methods; the checkout looks at kept connections first, so what is left is
  // the race (RFC 9112 section 9.3.1: automatic retries of non-idempotent requests are not made).
  return quiet && http::is_idempotent(x.request().method);
}

FetchResult failed(const Attempt& attempt, const Upload& upload) {
  switch (attempt.state) {
    case Attempt::State::timed_out:
    case Attempt::State::overdue: return failed(504, attempt.why);
    case Attempt::State::stopped: return failed(503, "stopped");
    case Attempt::State::client:
      if (upload.failure() == 408) return failed(408, "body-timeout");
      if (upload.failure() != 0) return failed(upload.failure(), "request-content");
      return failed(attempt.why == "client-gone" ? 499 : 431, attempt.why);
    default: return failed(502, attempt.why);
  }
}

}  // namespace

io::Task<FetchResult> fetch(Exchange& x, const Ask& ask, Upload& upload) {
  upstream::Upstream& target = x.snapshot.upstreams->at(x.route->upstream);
  const conf::Upstream& settings = target.settings();
  upstream::Tried tried;
  bool fresh_only = false;
  FetchResult last;  // what the attempt before came to, told when there is nobody left to ask
  for (;;) {
    base::Instant before = x.loop().now();
    auto lease = co_await target.checkout(tried, fresh_only, &x.facilities.cut);
    if (!lease) {
      if (last.status != 0) co_return std::move(last);
      co_return failed(lease.error());
    }
    x.record.connect_us = (x.loop().now() - before).count() / 1000;
    x.record.upstream = settings.name;
    x.record.backend = lease->backend().name();
    ++x.record.attempts;

    auto source = std::make_unique<Source>(std::move(*lease), x.held);
    source->idle_timeout = settings.idle_timeout;
    source->shared = ask.shared;
    Attempt attempt = co_await ask_backend(x, *source, ask, settings, upload);
    FetchResult result;
    if (attempt.state == Attempt::State::answered) {
      result.source = std::move(source);
      co_return result;
    }
    bool stale = attempt.state == Attempt::State::stale;
    bool backend_fault = attempt.state == Attempt::State::silent ||
                         attempt.state == Attempt::State::broken ||
                         attempt.state == Attempt::State::timed_out;
    if (backend_fault) source->lease.failed(attempt.failure);
    source->lease.stream().shut_down();
    if (upload.begun()) co_await upload.finish();
    bool repeat = may_repeat(x, attempt, upload);
    if (!repeat || (!stale && !target.may_retry(tried))) co_return failed(attempt, upload);
    // A stale connection says nothing of its backend: the same one again, freshly connected.
    fresh_only = stale;
    last = failed(attempt, upload);
    x.facilities.stats.add(stats::Counter::retries);
  }
}

void finish_source(Source& source) {
  if (!source.lease) return;
  source.lease.count_bytes(source.bytes_sent, source.client.bytes_received());
  if (source.client.reusable()) {
    source.lease.keep();
  } else {
    source.lease.close();
  }
}

}  // namespace ringwall::proxy
