// The text of a `metrics` answer: all of ringwall's numbers, from any worker, for Prometheus.
#pragma once

#include <string>

#include "cache/store.h"
#include "daemon/stats/prometheus.h"

namespace ringwall::proxy {

/// `store` may be null.
std::string metrics_text(const stats::Segment& segment, const cache::Store* store);

}  // namespace ringwall::proxy
