// The prober's process: keeps names resolved for all workers, and obeys its link to the master like
// a worker does. When the master is gone it works on for as long as a worker lives.
#pragma once

namespace ringwall::prober {

/// Descriptors that the process inherits; its own from now on.
struct Inherited {
  int link = -1;
  int bundle = -1;
  int stats = -1;
  int resolved = -1;
};

/// The whole life of the prober; the exit code of its process. Requires: privileges are dropped and
/// the log is set. `generation`: of the config in the bundle.
int run_process(const Inherited& inherited, unsigned long generation);

}  // namespace ringwall::prober
