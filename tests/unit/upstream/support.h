// What the tests of upstream share: a worker's surroundings (loop, stats segment, table of names)
// with one upstream "app", and servers on the loopback that are no more than listening sockets.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "daemon/io/loop.h"
#include "daemon/io/operations.h"
#include "daemon/io/task.h"
#include "daemon/stats/segment.h"
#include "daemon/upstream/backend.h"
#include "daemon/upstream/resolved.h"
#include "daemon/upstream/upstreams.h"

namespace ringwall::upstream {

inline base::Address address(const std::string& text) {
  auto parsed = base::Address::parse(text);
  if (!parsed) ADD_FAILURE() << text << ": " << parsed.error().what;
  return parsed ? *parsed : base::Address();
}

/// A listening socket; connections to it come about without anyone accepting them.
class Server {
 public:
  explicit Server(const std::string& at = "127.0.0.1:0", int backlog = 1024) {
    base::Address wanted = upstream::address(at);
    listener_.reset(::socket(wanted.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), wanted.data(), wanted.size()), 0) << at;
    EXPECT_EQ(::listen(listener_.get(), backlog), 0);
    sockaddr_storage bound = {};
    socklen_t size = sizeof(bound);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    address_ = wanted.family() == AF_UNIX
                   ? wanted
                   : base::Address(reinterpret_cast<const sockaddr*>(&bound), size);
  }

  const base::Address& address() const { return address_; }
  std::string name() const { return address_.text(); }

  /// The oldest connection that has not been accepted. Requires: there is one.
  base::UniqueFd accept() {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(static_cast<bool>(fd));
    return fd;
  }
  bool has_connection() const {
    pollfd one = {.fd = listener_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) > 0;
  }
  /// From now on connects are refused.
  void close() { listener_.reset(); }

  /// Fills the backlog, so that further connects get no answer at all. Requires: a backlog of 0.
  void fall_silent() {
    for (;;) {
      base::UniqueFd fd(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(fd.get(), address_.data(), address_.size());
      pollfd one = {.fd = fd.get(), .events = POLLOUT, .revents = 0};
      bool connected = ::poll(&one, 1, 100) > 0;
      fillers_.push_back(std::move(fd));
      if (!connected) return;
    }
  }

 private:
  base::UniqueFd listener_;
  base::Address address_;
  std::vector<base::UniqueFd> fillers_;
};

/// A checkout under way or done.
struct Pending {
  std::optional<base::Result<Lease, CheckoutError>> outcome;
  bool done() const { return outcome.has_value(); }
  bool leased() const { return done() && outcome->ok(); }
  Lease& lease() { return **outcome; }
  CheckoutError error() { return outcome->error(); }
};

class UpstreamTest : public testing::Test {
 protected:
  UpstreamTest() : segment_(std::move(stats::Segment::create().value())) {
    auto loop = io::Loop::create();
    if (!loop) {
      ADD_FAILURE() << loop.error().what;
      std::abort();
    }
    loop_ = std::move(*loop);
    own_ = &segment_.claim(0, 1, loop_->now());
    table_ = std::move(ResolvedTable::create().value());
    upstreams_ = std::make_unique<Upstreams>(*loop_, segment_, *own_, table_.get());
    config_.upstreams.push_back(defaults());
  }
  ~UpstreamTest() override {
    leases_.clear();
    set_ = nullptr;
    run(upstreams_->close());
  }

  static conf::Upstream defaults() {
    conf::Upstream app;
    app.name = "app";
    app.connect_timeout = std::chrono::seconds(60);
    app.pool_size = 64;
    app.pool_idle_timeout = std::chrono::seconds(60);
    app.queue_timeout = std::chrono::seconds(60);
    app.retries = 16;
    return app;
  }
  conf::Upstream& app() { return config_.upstreams[0]; }
  void add(const Server& server, unsigned weight = 1) {
    add(server.name(), server.address(), weight);
  }
  void add(const std::string& name, const base::Address& at, unsigned weight = 1) {
    conf::Backend backend;
    backend.name = name;
    backend.address = at;
    backend.weight = weight;
    app().backends.push_back(backend);
  }
  void add_named(const std::string& host, uint16_t port) {
    conf::Backend backend;
    backend.name = host + ":" + std::to_string(port);
    backend.host = host;
    backend.port = port;
    app().backends.push_back(backend);
  }

  /// Gives every backend its place, as the master does.
  void assign() {
    for (const conf::Upstream& upstream : config_.upstreams) {
      for (const conf::Backend& backend : upstream.backends) {
        ASSERT_TRUE(segment_.assign(upstream.name, backend.name).ok());
      }
    }
  }
  void commit() {
    assign();
    auto set = upstreams_->prepare(config_);
    ASSERT_TRUE(set.ok()) << set.error().what;
    set_ = *set;
    upstreams_->commit(set_);
  }
  Upstream& upstream() { return set_->at(0); }
  Backend& backend(size_t place) { return *upstream().backends()[place]; }
  uint32_t index_of(size_t place) {
    return *segment_.find_backend("app", app().backends[place].name);
  }
  void override_backend(size_t place, stats::Override state) {
    segment_.set_override(index_of(place), stats::OverrideState{state, base::Instant::never()});
  }
  uint64_t number(size_t place, stats::BackendCounter counter) {
    return segment_.read_backend(index_of(place))[counter];
  }

  void run(io::Task<void> task) {
    ASSERT_TRUE(group_.spawn(std::move(task)));
    turn_until([&] { return group_.empty(); });
  }
  template <class F>
  void turn_until(F condition) {
    while (!condition()) loop_->turn(false);
  }

  /// Begins a checkout; it ends while the loop turns.
  std::unique_ptr<Pending> begin(Tried& tried, bool fresh_only = false, io::Stop* stop = nullptr) {
    auto pending = std::make_unique<Pending>();
    EXPECT_TRUE(group_.spawn(fulfil(upstream(), tried, fresh_only, stop, *pending)));
    return pending;
  }
  /// A checkout from beginning to end.
  Pending checkout(Tried& tried, bool fresh_only = false, io::Stop* stop = nullptr) {
    auto pending = begin(tried, fresh_only, stop);
    turn_until([&] { return pending->done(); });
    return std::move(*pending);
  }
  Pending checkout() {
    Tried tried;
    return checkout(tried);
  }
  /// The backend that a checkout chose, or the word for its error; the connection is closed.
  std::string chosen() {
    Pending pending = checkout();
    return pending.leased() ? pending.lease().backend().name()
                            : std::string(name_of(pending.error()));
  }
  /// As chosen(), with a verdict on the backend.
  std::string fail_one() {
    Pending pending = checkout();
    if (!pending.leased()) return std::string(name_of(pending.error()));
    pending.lease().failed(Failure::closed);
    return pending.lease().backend().name();
  }

  std::unique_ptr<io::Loop> loop_;
  stats::Segment segment_;
  stats::WorkerStats* own_ = nullptr;
  std::unique_ptr<ResolvedTable> table_;
  conf::Config config_;
  std::unique_ptr<Upstreams> upstreams_;
  std::shared_ptr<const Set> set_;
  io::TaskGroup group_;
  std::vector<Lease> leases_;

 private:
  static io::Task<void> fulfil(Upstream& upstream, Tried& tried, bool fresh_only, io::Stop* stop,
                               Pending& pending) {
    auto outcome = co_await upstream.checkout(tried, fresh_only, stop);
    pending.outcome.emplace(std::move(outcome));
  }
};

/// What the peer of `fd` did: "open", "closed".
inline std::string state_of(const base::UniqueFd& fd) {
  char byte = 0;
  ssize_t n = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return n < 0 && errno == EAGAIN ? "open" : n > 0 ? "sent" : "closed";
}

}  // namespace ringwall::upstream
