#include "daemon/proxy/warm.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <climits>

#include "daemon/http/h1_head.h"
#include "daemon/proxy/exchange.h"
#include "daemon/route/path.h"

namespace ringwall::proxy {
namespace {

/// Takes a response and throws it away.
class Sink final : public session::ServerStream {
 public:
  /// False: the text is no request's head. It outlives the sink.
  bool read(std::string_view text) {
    auto parsed = http::parse_request_head(text, http::HeadLimits(), head_);
    return parsed.state == http::HeadParse::State::complete && parsed.consumed == text.size();
  }
  bool complete() const { return complete_; }

  const http::RequestHead& request() const override { return head_; }
  io::Task<session::Piece> read_content() override {
    session::Piece end;
    end.state = session::Piece::State::end;
    co_return end;
  }
  void stop_reading() override {}
  bool gone() const override { return false; }
  bool content_pending() const override { return false; }
  io::Task<int> send_interim(unsigned, std::string_view) override { co_return 0; }
  io::Task<int> send_head(const session::Response&, std::span<iovec> content, bool end) override {
    head_sent_ = true;
    take(content, end);
    co_return 0;
  }
  io::Task<int> send_content(std::span<iovec> content, bool end, std::string_view) override {
    take(content, end);
    co_return 0;
  }
  void abandon() override {}
  bool head_sent() const override { return head_sent_; }
  uint64_t bytes_sent() const override { return content_bytes_; }
  uint64_t content_bytes_sent() const override { return content_bytes_; }
  uint64_t bytes_received() const override { return 0; }

 private:
  void take(std::span<iovec> content, bool end) {
    for (const iovec& piece : content) content_bytes_ += piece.iov_len;
    complete_ = end;
  }

  http::RequestHead head_;
  uint64_t content_bytes_ = 0;
  bool head_sent_ = false;
  bool complete_ = false;
};

/// The first listener with a route for the request.
uint32_t listener_for(const Snapshot& snapshot, const http::RequestHead& request) {
  std::string room(request.target.path.size(), '\0');
  route::NormalPath path = route::normalise_path(request.target.path, room.data());
  if (path.error != route::PathError::none) return no_listener;
  for (uint32_t i = 0; i < snapshot.config.listeners.size(); ++i) {
    if (snapshot.router.find(request.target.host, path.path, i)) return i;
  }
  return no_listener;
}

/// Ourselves: to the origin it is from nobody else.
base::Address own_address() {
  sockaddr_in loopback = {};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return {reinterpret_cast<const sockaddr*>(&loopback), sizeof(loopback)};
}

Warmed judge(const Exchange& x, const Sink& sink) {
  using Outcome = Warmed::Outcome;
  const Record& record = x.record;
  Warmed warmed;
  warmed.bytes = sink.content_bytes_sent();
  auto with = [&warmed](Outcome outcome, std::string_view why) {
    warmed.outcome = outcome;
    warmed.why = why;
    return warmed;
  };
  if (!record.error.empty()) return with(Outcome::failed, record.error);
  if (!sink.complete()) return with(Outcome::failed, "cut");
  switch (record.cache) {
    case CacheOutcome::hit:
      return with(Outcome::fresh, {});
    case CacheOutcome::stale: {
      // Refreshed in the background, or the origin could not be asked.
      bool failed = x.told.detail == "stale-if-error" || x.told.detail == "lock-timeout";
      return with(failed ? Outcome::failed : Outcome::stored, failed ? x.told.detail : "");
    }
    case CacheOutcome::miss:
    case CacheOutcome::revalidated:
    case CacheOutcome::collapsed:
      return with(Outcome::stored, {});
    case CacheOutcome::busy:
      return with(Outcome::failed, "busy");
    case CacheOutcome::no_room:
      return with(Outcome::failed, "no-room");
    case CacheOutcome::none:
    case CacheOutcome::pass:
    case CacheOutcome::uncacheable:
      break;
  }
  if (record.status >= 500) return with(Outcome::failed, fmt::format("status {}", record.status));
  return with(Outcome::uncacheable,
              x.told.detail.empty() ? fmt::format("status {}", record.status) : x.told.detail);
}

}  // namespace

io::Task<Warmed> warm(Facilities& f, std::string head) {
  std::shared_ptr<const Snapshot> held = f.current;
  Warmed warmed;
  Sink sink;
  if (!sink.read(head)) {
    warmed.why = "bad-request";
    co_return warmed;
  }
  const http::RequestHead& request = sink.request();
  uint32_t listener = listener_for(*held, request);
  if (listener == no_listener) {
    warmed.outcome = Warmed::Outcome::no_route;
    warmed.why = "no-route";
    co_return warmed;
  }
  const base::Address peer = own_address();
  Record record;
  record.client = peer;
  record.started = f.loop.now();
  record.started_wall_ns = f.loop.wall_ns();
  record.method = request.method_text;
  record.target = request.target_text;
  record.host = authority_of(request);
  Exchange x{f, held, *held, sink, record, peer, &held->config.listeners[listener], listener};
  x.authority = record.host;
  // Whoever asks for this wants it stored, however seldom others do.
  x.uses = UINT_MAX;
  base::Duration patience = held->config.http.exchange_timeout;
  if (patience.count() > 0) x.deadline = record.started + patience;
  co_await io::SetContext(&record);
  co_await answer_request(x);
  co_await io::SetContext(nullptr);
  warmed = judge(x, sink);
  co_return warmed;
}

}  // namespace ringwall::proxy
