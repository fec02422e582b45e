// Generation: one version of the config in force: the values, the bundle that children read it from
// and the listening sockets it names. Never changed; the master holds the one in force and, during
// a reload, the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/model.h"
#include "conf/problem.h"
#include "daemon/base/unique_fd.h"
#include "daemon/master/listeners.h"

namespace ringwall::master {

struct Generation {
  uint64_t number = 0;
  conf::Config config;
  base::UniqueFd bundle;
  ListenerSet listeners;
};

/// A config read from disk and found good, without its sockets; or every error in it.
struct Loaded {
  std::optional<conf::Config> config;
  base::UniqueFd bundle;
  std::vector<conf::Problem> errors;
  std::vector<conf::Problem> warnings;
  std::string failure;  // where it is no error of the config
};
Loaded load_config(const std::string& path);

}  // namespace ringwall::master
