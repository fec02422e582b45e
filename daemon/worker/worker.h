// Worker: the process that serves. Builds everything from its heritage, accepts, and obeys its link
// to the master: reloads in two phases, drains, stops, takes other logs.
//
// When the master is gone (the link ends) it goes on serving. SIGTERM makes it finish what is under
// way and end; the other signals of a terminal are the master's business. One thread.
#pragma once

#include "daemon/worker/heritage.h"

namespace ringwall::worker {

/// The whole life of a worker; the exit code of its process. Requires: privileges are dropped and
/// the log is set.
int run_worker(Heritage heritage);

}  // namespace ringwall::worker
