// Starts a child: this very binary (or, at an upgrade, another) executed anew with a heritage.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/worker/heritage.h"

namespace ringwall::master {

struct Spawned {
  pid_t pid = -1;
  base::UniqueFd pidfd;  // readable when the child has ended
};

/// Executes `path` with `arguments` (the first is its name). The child has the descriptors that
/// `heritage` names and the standard ones, no others, and no signal blocked. Takes a millisecond:
/// this process stands still until the child has executed.
base::Result<Spawned> spawn(const std::string& path, const std::vector<std::string>& arguments,
                            const worker::Heritage& heritage);

/// Whether a process that ended by the signal has met a fault of its own: SIGSEGV, SIGBUS, SIGABRT,
/// SIGILL, SIGFPE.
bool is_fault(int signal);

/// How a child ended, in words: "signal 11 (Segmentation fault)", "exit code 1".
std::string describe_end(int code, int status);

}  // namespace ringwall::master
