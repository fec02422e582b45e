// Outcomes: what came of a reload or an upgrade, for the log and for the operator who asked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringwall::master {

struct ReloadOutcome {
  enum class Result : uint8_t {
    done,     // all children work by the new config
    refused,  // nothing has changed
    partly,   // in force, but a child has not followed (it is replaced), or keys need a restart
  };
  /// What one child said.
  struct Answer {
    std::string child;  // "worker 3"
    int pid = -1;
    std::string text;  // "committed", or why not
  };
  Result result = Result::refused;
  uint64_t generation = 0;          // the one in force afterwards
  std::string reason;               // of a refusal, one sentence
  std::vector<std::string> errors;  // of the config, a line each
  std::vector<std::string> warnings;
  std::vector<std::string> needs_restart;  // keys that changed but stay as they were
  std::vector<std::string> added;          // listeners
  std::vector<std::string> removed;
  std::vector<Answer> answers;
  bool config_invalid = false;
};

struct UpgradeOutcome {
  bool done = false;
  std::string reason;  // why not
  int pid = -1;        // of the new master
};

}  // namespace ringwall::master
