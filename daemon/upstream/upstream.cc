#include "daemon/upstream/upstream.h"

#include <cerrno>

#include "daemon/base/log.h"
#include "daemon/upstream/backend.h"
#include "daemon/upstream/connector.h"

namespace ringwall::upstream {

std::string_view name_of(CheckoutError error) {
  switch (error) {
    case CheckoutError::no_backend:
      return "no backend";
    case CheckoutError::connect_failed:
      return "connect failed";
    case CheckoutError::connect_timeout:
      return "connect timeout";
    case CheckoutError::queue_timeout:
      return "queue timeout";
    case CheckoutError::stopped:
      return "stopped";
  }
  return "unknown";
}

Upstream::Upstream(io::Loop& loop, const conf::Upstream& settings,
                   std::vector<std::shared_ptr<Backend>> backends)
    : loop_(loop),
      settings_(settings),
      backends_(std::move(backends)),
      balance_(settings.balance, backends_.size()) {
  RW_ASSERT(backends_.size() == settings_.backends.size());
  open_.reserve(backends_.size());
  full_.reserve(backends_.size());
  ejected_.reserve(backends_.size());
}

Upstream::~Upstream() = default;

Backend* Upstream::choose(const Tried& tried) {
  if (tried.full()) return nullptr;
  open_.clear();
  full_.clear();
  ejected_.clear();
  bool any_admits = false;
  for (uint32_t place = 0; place < backends_.size(); ++place) {
    Backend& backend = *backends_[place];
    if (!backend.in_service() || backend.addresses().empty()) continue;
    bool admits = backend.admits(settings_);
    any_admits = any_admits || admits;
    if (tried.contains(backend)) continue;
    Candidate candidate;
    candidate.place = place;
    candidate.weight = settings_.backends[place].weight;
    candidate.load = backend.active() + backend.waiting();
    bool full = backend.full(settings_.connections_max);
    (!admits ? ejected_ : full ? full_ : open_).push_back(candidate);
  }
  const auto& best = !open_.empty() ? open_ : !full_.empty() || any_admits ? full_ : ejected_;
  return best.empty() ? nullptr : backends_[balance_.choose(best)].get();
}

Backend* Upstream::again(const Tried& tried) {
  Backend* last = tried.last();
  return last != nullptr && last->in_service() && !last->addresses().empty() ? last : nullptr;
}

bool Upstream::stands(Backend& backend) {
  if (!backend.in_service()) return false;
  if (backend.admits(settings_)) return true;
  for (const auto& other : backends_) {
    if (other->in_service() && other->admits(settings_)) return false;
  }
  return true;
}

io::Task<Upstream::Outcome> Upstream::checkout(Tried& tried, bool fresh_only, io::Stop* stop) {
  const base::Instant queue_deadline = loop_.now() + settings_.queue_timeout;
  CheckoutError error = CheckoutError::no_backend;
  Backend* backend = fresh_only ? again(tried) : nullptr;
  for (;; backend = nullptr) {
    bool repeated = backend != nullptr;
    if (!repeated && may_retry(tried)) backend = choose(tried);
    if (backend == nullptr) co_return base::fail(error);
    if (!backend->full(settings_.connections_max)) {
      backend->enter();
    } else {
      auto waiting = backend->wait_for_slot(io::Until(queue_deadline, stop));
      if (!waiting) co_return base::fail(error);
      int ended = co_await waiting;
      if (ended == -ETIME) co_return base::fail(CheckoutError::queue_timeout);
      if (ended < 0) co_return base::fail(CheckoutError::stopped);
    }
    // From here on the slot goes back with the attempt.
    Attempt attempt(*this, *backend);
    if (!stands(*backend)) continue;  // it was taken out while we waited
    attempt.begin();
    if (!repeated) tried.add(*backend);
    ConnectionPtr connection = fresh_only ? nullptr : backend->take(settings_);
    bool reused = connection != nullptr;
    if (!reused) {
      auto connecting = connect(attempt, stop);
      if (!connecting) co_return base::fail(error);
      auto connected = co_await connecting;
      if (connected) {
        connection = std::move(*connected);
      } else {
        error = connected.error();
      }
    }
    if (connection != nullptr) {
      backend->counters().add_request(reused);
      co_return Lease(std::move(attempt), std::move(connection), reused);
    }
    if (error == CheckoutError::stopped) co_return base::fail(error);
  }
}

io::Task<Upstream::Opened> Upstream::connect(Attempt& attempt, io::Stop* stop) {
  Backend& backend = attempt.backend();
  auto connecting = upstream::connect(loop_, backend.addresses(), backend.next_turn(),
                                      settings_.connect_timeout, stop);
  if (!connecting) co_return base::fail(CheckoutError::connect_failed);
  Connected connected = co_await connecting;
  if (connected.fd) {
    auto connection =
        std::make_unique<Connection>(loop_, std::move(connected.fd), connected.address);
    connection->version = backend.addresses_version();
    co_return connection;
  }
  if (stop != nullptr && stop->requested()) co_return base::fail(CheckoutError::stopped);
  bool timed_out = connected.os_error == ETIMEDOUT;
  base::log_info("{}", base::os_failure("upstream " + settings_.name + ": cannot connect to " +
                                            connected.address.text(),
                                        connected.os_error)
                           .what);
  if (!connected.local()) attempt.failed(timed_out ? Failure::connect_timeout : Failure::connect);
  co_return base::fail(timed_out ? CheckoutError::connect_timeout : CheckoutError::connect_failed);
}

Set::Set(std::vector<std::unique_ptr<Upstream>> upstreams) : upstreams_(std::move(upstreams)) {}
Set::~Set() = default;

}  // namespace ringwall::upstream
