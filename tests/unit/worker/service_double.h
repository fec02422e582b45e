// A proxy::Service for tests of the worker: takes connections and keeps them, remembers what it was
// told, and ends when the test says so. Defines the class's members, so the real one is not linked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/proxy/service.h"

namespace ringwall::proxy {

struct Snapshot {
  std::string word;  // of the config: via
};

/// What happened, oldest first: "prepare a", "commit a", "serve 0", "drain", "abort", "log 7".
inline std::vector<std::string> told;
inline bool refuse_next = false;  // the next prepare fails
inline bool pretend_full = false;
inline std::vector<base::UniqueFd> kept;  // connections given to serve

/// As if the last exchange had ended.
void let_finish();

}  // namespace ringwall::proxy
