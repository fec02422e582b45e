#include "daemon/proxy/detached.h"

#include "daemon/proxy/lead.h"

namespace ringwall::proxy {
namespace {

/// The end of an exchange where no client is.
class Nobody final : public session::ServerStream {
 public:
  /// `head` is copied; its raw bytes have moved to `raw`.
  Nobody(const http::RequestHead& head, const char* raw) : head_(head) { head_.rebase(raw); }

  const http::RequestHead& request() const override { return head_; }
  io::Task<session::Piece> read_content() override {
    session::Piece end;
    end.state = session::Piece::State::end;
    co_return end;
  }
  void stop_reading() override {}
  bool gone() const override { return true; }
  bool content_pending() const override { return false; }
  io::Task<int> send_interim(unsigned, std::string_view) override { co_return 0; }
  io::Task<int> send_head(const session::Response&, std::span<iovec>, bool) override {
    co_return -EPIPE;
  }
  io::Task<int> send_content(std::span<iovec>, bool, std::string_view) override {
    co_return -EPIPE;
  }
  void abandon() override {}
  bool head_sent() const override { return false; }
  uint64_t bytes_sent() const override { return 0; }
  uint64_t content_bytes_sent() const override { return 0; }
  uint64_t bytes_received() const override { return 0; }

 private:
  http::RequestHead head_;
};

/// All that the refresh needs of the exchange that began it, and outlives it.
struct Detached {
  Detached(const Exchange& x, const Question& question)
      : held(x.held),
        raw(x.request().raw, x.request().raw_length),
        path(x.path),
        key(question.key()),
        plan(question.plan()),
        client(x.request(), raw.data()),
        peer(x.peer),
        route(x.route),
        trusted_peer(x.trusted_peer) {
    record.method = client.request().method_text;
    record.target = client.request().target_text;
    record.host = authority_of(client.request());
  }

  std::shared_ptr<const Snapshot> held;
  std::string raw;
  std::string path;
  std::string key;
  caching::Plan plan;
  Nobody client;
  base::Address peer;
  const conf::Route* route;
  bool trusted_peer;
  Record record;
};

io::Task<void> run_refresh(Facilities& f, std::unique_ptr<Detached> d, cache::Fill fill,
                           cache::Hit stored) {
  Exchange x{f, d->held, *d->held, d->client, d->record, d->peer, nullptr, no_listener};
  x.trusted_peer = d->trusted_peer;
  x.route = d->route;
  x.authority = d->record.host;
  x.path = d->path;
  x.detached = true;
  x.told.forward = http::CacheStatus::Forward::stale;
  co_await io::SetContext(&d->record);
  Question question(x, d->plan, d->key);
  Lead way;
  way.fill = std::move(fill);
  way.stored = std::move(stored);
  // How it ended shows in the cache.
  [[maybe_unused]] FollowEnd end = co_await lead(x, question, std::move(way));
  co_await io::SetContext(nullptr);
}

}  // namespace

void refresh(Exchange& x, const Question& question, cache::Fill fill, cache::Hit stored) {
  Facilities& f = x.facilities;
  auto detached = std::make_unique<Detached>(x, question);
  f.stats.add(stats::Counter::cache_refreshes);
  f.background.spawn(run_refresh(f, std::move(detached), std::move(fill), std::move(stored)));
}

}  // namespace ringwall::proxy
