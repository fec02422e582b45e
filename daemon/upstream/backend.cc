#include "daemon/upstream/backend.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "daemon/base/log.h"

namespace ringwall::upstream {
namespace {

// Of the kept connections of a backend, how many a sweep looks at: 1024 backends cost 3 ms.
constexpr unsigned swept_max = 16;

}  // namespace

Backend::Backend(io::Loop& loop, Identity identity, uint32_t index, Counters counters,
                 const ResolvedTable* resolved)
    : loop_(loop),
      identity_(std::move(identity)),
      index_(index),
      counters_(counters),
      resolved_(resolved),
      freed_(loop) {
  if (!identity_.host.empty()) return;
  addresses_.count = 1;
  addresses_.addresses[0] = identity_.address;
}

Backend::~Backend() {
  RW_ASSERT(active_ == 0);
  counters_.clear_gauges();
}

bool Backend::in_service() {
  if (counters_.in_service(loop_.now())) return true;
  if (pool_.size() > 0) {
    pool_.close_all();
    counters_.set_kept(0);
  }
  return false;
}

std::span<const base::Address> Backend::addresses() {
  if (identity_.host.empty()) return addresses_.all();
  if (resolved_ != nullptr && (!read_once_ || resolved_->version(index_) != addresses_.version)) {
    // A place that is just being written is read next time; what is known serves until then.
    if (resolved_->read(index_, identity_.host, identity_.port, addresses_)) read_once_ = true;
  }
  if (addresses_.count == 0 && !missed_) {
    base::log_warning("upstream {}: backend {} has no address: its name has not been resolved",
                      identity_.upstream, identity_.name);
    missed_ = true;
  }
  if (addresses_.count > 0) missed_ = false;
  return addresses_.all();
}

bool Backend::still_resolved(Connection& connection) {
  if (identity_.host.empty()) return true;
  std::span<const base::Address> now = addresses();
  if (connection.version == addresses_.version) return true;
  if (std::find(now.begin(), now.end(), connection.address) == now.end()) return false;
  connection.version = addresses_.version;
  return true;
}

void Backend::enter() {
  counters_.set_active(++active_);
}

io::Task<int> Backend::wait_for_slot(io::Until until) {
  counters_.set_waiting(++waiting_);
  int ended = co_await freed_.wait(until);
  counters_.set_waiting(--waiting_);
  if (ended == -ETIME) counters_.add_queue_timeout();
  co_return ended;
}

void Backend::leave(unsigned connections_max) {
  RW_ASSERT(active_ > 0);
  --active_;
  // The slot is taken in the waiter's name at once, so that nobody comes in between.
  while (!full(connections_max) && freed_.has_waiters()) {
    ++active_;
    freed_.notify_one();
  }
  counters_.set_active(active_);
}

void Backend::succeeded(Standing standing) {
  bool clean = health_.failures_in_a_row() == 0;
  bool returned = health_.succeeded(standing);
  if (!clean) counters_.set_health(health_);
  if (!returned) return;
  base::log_notice("upstream {}: backend {} answers again", identity_.upstream, identity_.name);
}

void Backend::failed(Standing standing, Failure failure, const conf::Upstream& settings) {
  counters_.add_failure(failure);
  base::Instant now = loop_.now();
  bool ejected = health_.failed(standing, now, Health::Rules(settings));
  counters_.set_health(health_);
  if (!ejected) return;
  counters_.add_ejection();
  base::log_warning("upstream {}: backend {} is ejected for {} s after {} failure(s) in a row: {}",
                    identity_.upstream, identity_.name,
                    std::chrono::duration<double>(health_.ejected_until() - now).count(),
                    health_.failures_in_a_row(), name_of(failure));
}

ConnectionPtr Backend::take(const conf::Upstream& settings) {
  base::Instant now = loop_.now();
  for (;;) {
    ConnectionPtr connection = pool_.take();
    if (connection == nullptr) return nullptr;
    counters_.set_kept(pool_.size());
    if (now - connection->kept_since > settings.pool_idle_timeout) continue;
    // Whatever a backend sends unasked would be taken for the answer to the next request.
    if (connection->stream.readable_now() || !still_resolved(*connection)) continue;
    return connection;
  }
}

void Backend::keep(ConnectionPtr connection, const conf::Upstream& settings) {
  if (retired_ || !in_service()) return;
  pool_.put(std::move(connection), loop_.now(), settings.pool_size);
  counters_.set_kept(pool_.size());
}

void Backend::sweep(const conf::Upstream& settings) {
  if (!in_service() || pool_.size() == 0) return;
  int64_t since = loop_.now().ns - settings.pool_idle_timeout.count();
  pool_.sweep(base::Instant{since}, swept_max);
  counters_.set_kept(pool_.size());
}

void Backend::retire() {
  retired_ = true;
  pool_.close_all();
  counters_.set_kept(0);
}

}  // namespace ringwall::upstream
