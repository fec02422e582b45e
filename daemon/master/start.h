// Start: from the command line to a running master: everything that happens once, in order, each
// failure with one clear message. What may take long is left to the running master.
#pragma once

#include <string>
#include <vector>

#include "daemon/worker/heritage.h"

namespace ringwall::master {

// Exit codes of ringwalld: 0 stopped when asked to, 1 could not start or go on, 2 wrong usage,
// 6 `--check` has found the config invalid.
constexpr int exit_failed = 1;
constexpr int exit_config_invalid = 6;

/// `ringwalld --check`: prints every error and warning.
int check_config(const std::string& path);

/// The whole life of a master. `old`: what the master before left, at an upgrade.
int run_master(const std::string& config_path, const std::vector<std::string>& arguments,
               std::optional<worker::Heritage> old);

}  // namespace ringwall::master
