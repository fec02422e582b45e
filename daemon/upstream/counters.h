// Counters: a backend's numbers of this worker, and the operator's override, in the stats segment.
// The upstream rows of counters.def are counted here and nowhere else; so are the timeouts of the
// phases "queue" and "connect".
#pragma once

#include "daemon/base/time.h"
#include "daemon/stats/segment.h"
#include "daemon/upstream/attempt.h"
#include "daemon/upstream/health.h"

namespace ringwall::upstream {

class Counters {
  using Of = stats::BackendCounter;
  using All = stats::Counter;

 public:
  /// Both must outlive it. Requires: index < backends_max.
  Counters(const stats::Segment& segment, stats::WorkerStats& own, uint32_t index)
      : segment_(&segment), own_(&own), row_(&own.backend(index)), index_(index) {}

  /// Whether the operator lets it serve.
  bool in_service(base::Instant now) const {
    return segment_->override_of(index_, now) == stats::Override::none;
  }

  void set_active(unsigned n) { row_->set(Of::active, n); }
  void set_waiting(unsigned n) { row_->set(Of::waiting, n); }
  void set_kept(size_t n) { row_->set(Of::kept, n); }
  void add_request(bool reused) {
    row_->add(Of::requests);
    row_->add(reused ? Of::reused : Of::connects);
    own_->add(All::upstream_requests);
    own_->add(reused ? All::upstream_reused : All::upstream_connects);
  }
  void add_response(unsigned status) { row_->add(stats::backend_responses_of(status)); }
  void add_first_byte(uint64_t first_byte_us) {
    row_->add(Of::first_byte_us, first_byte_us);
    row_->add(Of::first_bytes);
  }
  void add_bytes(uint64_t sent, uint64_t received) {
    row_->add(Of::bytes_sent, sent);
    row_->add(Of::bytes_received, received);
    own_->add(All::upstream_bytes_sent, sent);
    own_->add(All::upstream_bytes_received, received);
  }
  void add_queue_timeout() { own_->add(All::timeouts_queue); }
  void add_failure(Failure failure);
  /// Health as the CLI shows it.
  void set_health(const Health& health);
  void add_ejection() { row_->add(Of::ejections); }
  /// The backend is no longer this worker's.
  void clear_gauges();

 private:
  const stats::Segment* segment_;
  stats::WorkerStats* own_;
  stats::BackendStats* row_;
  uint32_t index_;
};

}  // namespace ringwall::upstream
