#include "daemon/upstream/counters.h"

namespace ringwall::upstream {
namespace {

stats::Counter counter_of(Failure failure) {
  switch (failure) {
    case Failure::connect:
      return stats::Counter::upstream_failed_connect;
    case Failure::connect_timeout:
      return stats::Counter::upstream_failed_connect_timeout;
    case Failure::closed:
      return stats::Counter::upstream_failed_closed;
    case Failure::send:
      return stats::Counter::upstream_failed_send;
    case Failure::first_byte_timeout:
      return stats::Counter::upstream_failed_first_byte;
    case Failure::bad_response:
      return stats::Counter::upstream_failed_response;
    case Failure::cut:
      return stats::Counter::upstream_failed_cut;
  }
  return stats::Counter::upstream_failed_closed;
}

}  // namespace

void Counters::add_failure(Failure failure) {
  row_->add(Of::failures);
  own_->add(counter_of(failure));
  if (failure == Failure::connect || failure == Failure::connect_timeout) {
    row_->add(Of::connect_failures);
  }
  if (failure == Failure::connect_timeout) own_->add(All::timeouts_connect);
}

void Counters::set_health(const Health& health) {
  row_->set(Of::ejected, health.ejected() ? 1 : 0);
  row_->set(Of::failures_in_a_row, health.failures_in_a_row());
  row_->set(Of::ejected_until_ns,
            health.ejected() ? static_cast<uint64_t>(health.ejected_until().ns) : 0);
}

void Counters::clear_gauges() {
  for (Of gauge : {Of::active, Of::waiting, Of::kept, Of::ejected, Of::failures_in_a_row,
                   Of::ejected_until_ns}) {
    row_->set(gauge, 0);
  }
}

}  // namespace ringwall::upstream
