// The crash report: when a worker dies of a fault or a failed assert, a few lines about what it was
// doing go into its page of the stats segment, where the master finds them; then the signal takes
// its course, so that a core is made. Everything in the handler is async-signal-safe.
#pragma once

#include "daemon/stats/layout.h"

namespace ringwall::worker {

/// Installs the handler for SIGSEGV, SIGBUS, SIGABRT, SIGILL and SIGFPE. `own` stays to the end.
void report_crashes(stats::WorkerStats& own);

}  // namespace ringwall::worker
