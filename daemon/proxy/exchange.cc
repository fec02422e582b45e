#include "daemon/proxy/exchange.h"

#include "daemon/base/text.h"
#include "daemon/caching/key.h"
#include "daemon/caching/plan.h"
#include "daemon/http/forwarded.h"
#include "daemon/http/via.h"
#include "daemon/proxy/lookup.h"
#include "daemon/proxy/pass.h"
#include "daemon/proxy/purge.h"
#include "daemon/proxy/synthetic.h"
#include "daemon/proxy/tally.h"
#include "daemon/route/path.h"
#include "daemon/session/h1_server.h"

namespace ringwall::proxy {
namespace {

using session::HeadOutcome;

// So many of us may stand in a row (edge and shield, say); more is a loop.
constexpr unsigned loops_max = 4;
// What an exchange that is overdue still gets to send its 504.
constexpr base::Duration last_words = std::chrono::seconds(1);

/// The path as it is routed, keyed and sent on; false: it is malformed.
bool read_path(Exchange& x, char* room) {
  route::NormalPath normal = route::normalise_path(x.request().target.path, room);
  x.path = normal.path;
  return normal.error == route::PathError::none;
}

PassReason pass_reason(const caching::Plan& plan) {
  PassReason reason;
  using Why = caching::Plan::Why;
  reason.forward = plan.why == Why::method    ? http::CacheStatus::Forward::method
                   : plan.why == Why::request ? http::CacheStatus::Forward::request
                                              : http::CacheStatus::Forward::bypass;
  reason.detail = plan.detail;
  return reason;
}

// From here on a room that only decides is no coroutine of its own but gives the task of the next
// one: a hit, the most common way, costs one frame where it would cost four.

/// Plan: a key, or pass with a reason.
io::Task<void> proxy_request(Exchange& x, char* key_room) {
  if (is_purge(x)) return serve_purge(x);
  caching::Plan plan = caching::plan(x.request(), x.route->cache);
  auto by = [&plan](caching::Plan::Why why, std::string_view detail) {
    plan.way = caching::Plan::Way::pass;
    plan.why = why;
    plan.detail = detail;
  };
  if (x.facilities.store == nullptr) by(caching::Plan::Why::route, "off");
  size_t length = 0;
  if (plan.way != caching::Plan::Way::pass) {
    length = caching::write_key(x.key_parts(), x.route->cache.key, x.request().fields, key_room);
    if (length == 0) by(caching::Plan::Why::request, "key-too-long");
  }
  if (plan.way != caching::Plan::Way::pass) {
    return look_up(x, plan, std::string_view(key_room, length));
  }
  x.record.cache = CacheOutcome::pass;
  return pass(x, pass_reason(plan));
}

struct Refusal {
  unsigned status = 0;  // 0: none
  std::string_view why;
};

/// What a request may not ask of us although it is well-formed, wherever it would be routed to.
Refusal refusal_of(const Exchange& x) {
  const http::RequestHead& request = x.request();
  // A tunnel or a loop-back of what the client sent is not a reverse proxy's to give.
  if (request.method == http::Method::connect) return {501, "method"};
  if (request.method == http::Method::trace) return {405, "method"};
  // RFC 9110 section 7.4: what is asked for as secured is not answered on a connection that is not.
  if (base::equal_ignoring_case(request.target.scheme, "https")) return {421, "scheme"};
  uint64_t body_max = x.snapshot.config.http.body_size_max;
  if (body_max != 0 && request.framing.length > body_max) return {413, "content-too-large"};
  if (request.expect_other) return {417, "expectation"};
  return {};
}

}  // namespace

io::Task<void> answer_request(Exchange& x) {
  const http::RequestHead& request = x.request();
  size_t path_bytes = request.target.path.size();
  x.room = path_bytes + caching::key_bytes_max <= base::small_chunk_bytes
               ? x.loop().small_chunks().take()
               : x.loop().large_chunks().take();
  if (!x.room) {
    x.client.close_after();
    return respond_error(x, 503, "no-memory");
  }
  if (!read_path(x, x.room.chars() + caching::key_bytes_max)) {
    x.client.close_after();
    x.facilities.stats.add(stats::Counter::requests_malformed);
    return respond_error(x, 400, "bad-path");
  }
  Refusal refused = refusal_of(x);
  if (refused.status != 0) {
    x.client.close_after();
    return respond_error(x, refused.status, refused.why);
  }
  if (request.target.form == http::Target::Form::asterisk) return respond_status(x, 204);
  auto index = x.snapshot.router.find(request.target.host, x.path, x.listener_index);
  if (!index) return respond_error(x, 404, "no-route");
  x.route = &x.snapshot.config.routes[*index];
  x.record.route = x.route->name;
  x.record.route_place = x.snapshot.route_places[*index];
  switch (x.route->action) {
    case conf::Route::Action::respond: return respond_fixed(x, x.route->answer);
    case conf::Route::Action::metrics: return respond_metrics(x);
    case conf::Route::Action::proxy: break;
  }
  if (request.fields.has(http::FieldName::via) &&
      http::count_in_via(request.fields, x.snapshot.config.http.via) > loops_max) {
    return respond_error(x, 508, "loop");
  }
  return proxy_request(x, x.room.chars());
}

namespace {

/// A head that is none, or came too late.
io::Task<void> refuse(Exchange& x, const HeadOutcome& head) {
  x.record.method = x.request().method_text;
  x.record.target = x.request().target_text;
  if (head.state == HeadOutcome::State::timed_out) return respond_error(x, 408, "head-timeout");
  x.facilities.stats.add(stats::Counter::requests_malformed);
  return respond_error(x, head.status, head.reason);
}

void describe_request(Exchange& x) {
  const http::RequestHead& request = x.request();
  Record& record = x.record;
  x.authority = authority_of(request);
  record.method = request.method_text;
  record.target = request.target_text;
  record.host = x.authority;
  record.version_minor = request.version_minor;
  if (auto value = request.fields.first(http::FieldName::referer)) record.referer = *value;
  if (auto value = request.fields.first(http::FieldName::user_agent)) record.user_agent = *value;
  if (x.trusted_peer) {
    record.client = http::client_address(request.fields, x.peer, x.listener->trusted);
  }
}

/// What the stream knows of the exchange, for the record.
void complete_record(Record& record, const session::H1Server& server) {
  record.bytes_sent = server.bytes_sent();
  record.content_bytes = server.content_bytes_sent();
  record.bytes_received = server.bytes_received();
  record.completed = server.response_complete();
}

/// The word of the counter of reasons, and of the access log.
std::string_view why_no_hit(const Exchange& x) {
  if (x.record.cache == CacheOutcome::hit) return {};
  return x.told.detail.empty() ? http::text_of(x.told.forward) : x.told.detail;
}

}  // namespace

std::string_view authority_of(const http::RequestHead& request) {
  using Form = http::Target::Form;
  if (request.target.form == Form::origin || request.target.form == Form::asterisk) {
    return request.fields.only(http::FieldName::host).value_or(std::string_view());
  }
  std::string_view host = request.target.host;
  if (request.target.port == 0) return host;
  const char* end = host.data() + host.size() + 1;  // ":", then the digits
  while (base::is_digit(*end)) ++end;
  return {host.data(), static_cast<size_t>(end - host.data())};
}

io::Task<bool> serve_exchange(Facilities& f, Connection& c) {
  std::shared_ptr<const Snapshot> held = f.current;
  const conf::Http& settings = held->config.http;
  session::H1Server server(c.stream, c.input, settings, &f.cut);
  Record record;
  record.client = c.peer;
  record.started = f.loop.now();
  record.started_wall_ns = f.loop.wall_ns();
  uint32_t listener = held->listener_of(c.listener);
  Exchange x{f, held, *held, server, record, c.peer, nullptr, listener};
  if (listener != no_listener) {
    x.listener = &held->config.listeners[listener];
    x.trusted_peer = !x.listener->trusted.empty() && x.listener->trusted.contains(c.peer);
  }
  f.stats.add(stats::Counter::exchanges_open);
  co_await io::SetContext(&record);

  HeadOutcome head = server.parse_head();
  if (head.state == HeadOutcome::State::incomplete) head = co_await server.read_head();
  bool asked = head.state != HeadOutcome::State::closed && head.state != HeadOutcome::State::stopped;
  if (head.state == HeadOutcome::State::request) {
    describe_request(x);
    ++c.exchanges;
    bool last = settings.requests_max != 0 && c.exchanges >= settings.requests_max;
    if (f.draining || last) server.close_after();
    if (settings.exchange_timeout.count() > 0) {
      x.deadline = record.started + settings.exchange_timeout;
      server.set_deadline(x.deadline + last_words);
    }
    co_await answer_request(x);
  } else if (asked) {
    co_await refuse(x, head);
  }
  if (asked) {
    complete_record(record, server);
    record.cache_why = why_no_hit(x);
    std::optional<http::Method> method;
    if (head.state == HeadOutcome::State::request) method = x.request().method;
    tally(record, method, f.loop.now() - record.started, f.stats);
  }
  if (server.must_drain()) co_await server.drain();
  if (asked) f.log.write(record);
  co_await io::SetContext(nullptr);
  bool again = server.finish();  // gives back the head, which the record looked into
  f.stats.subtract(stats::Counter::exchanges_open);
  c.linger = server.response_complete() && !again;  // a cut one must not end like a complete one
  co_return again;
}

}  // namespace ringwall::proxy
