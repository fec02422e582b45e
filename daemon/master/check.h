// One check of the cache segment: a checker process is started, heard and waited for, and its end
// is judged. See daemon/checker/process.h; what follows from it is for Heal (heal.h) to decide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/time.h"
#include "daemon/io/loop.h"
#include "daemon/io/task.h"
#include "daemon/worker/heritage.h"

namespace ringwall::master {

struct Check {
  enum class Verdict : uint8_t { sound, damaged, undecided };
  Verdict verdict = Verdict::undecided;
  uint64_t objects = 0;               // live responses looked at
  std::vector<std::string> findings;  // of damage; or, a line, why it is undecided
  bool held = false;                  // undecided because a living process held a lock for long

  /// The first findings in a line.
  std::string text() const;
};

/// What to execute, and how long it may take.
struct CheckRun {
  std::string path;
  std::vector<std::string> arguments;
  worker::Heritage heritage;  // the link's end is put in
  base::Duration limit = base::Duration::zero();
};

/// How long a sound cache of so many bytes takes at most on a slow and busy machine; it is 0.2 us
/// an entry on an idle one.
base::Duration check_limit(uint64_t cache_bytes);

/// Damaged: it said so, died by a fault of its own, or went on beyond its limit. Undecided: it
/// could not look, was killed by others, or `stop` came. It is gone when this ends.
io::Task<Check> run_check(io::Loop& loop, CheckRun run, io::Stop& stop);

}  // namespace ringwall::master
