// Tally: an ended exchange in the worker's counters. What a failed one counts as follows from the
// word that the access log tells of it, so that log and numbers cannot disagree.
#pragma once

#include <optional>

#include "daemon/base/time.h"
#include "daemon/http/method.h"
#include "daemon/proxy/record.h"
#include "daemon/stats/segment.h"

namespace ringwall::proxy {

/// `method`: none where the head was refused. `duration`: from the first byte of the request to the
/// end of the response.
void tally(const Record& record, std::optional<http::Method> method, base::Duration duration,
           stats::WorkerStats& stats);

}  // namespace ringwall::proxy
