// From the tree to the Config: sections are read by the table, names become indices, actions and
// backends get their meaning.
#pragma once

#include <vector>

#include "conf/model.h"
#include "conf/tree.h"
#include "conf/value.h"

namespace ringwall::conf {

/// The Config as far as it could be read, and for each of its parts the table it came from.
/// Pointers are into the tree, which must outlive it.
struct Assembly {
  Config config;
  const Node* tree = nullptr;
  bool complete = true;
  std::vector<const Node*> listeners;
  std::vector<const Node*> upstreams;
  std::vector<const Node*> routes;
  std::vector<std::vector<Where>> backends;  // by upstream
};

/// `complete`: no part of the config is missing, so a name that is not found is an error.
Assembly assemble(const Node& tree, unsigned cpu_count, bool complete, Problems& problems);

/// A backend as written: a socket address, or a name with port that is to be resolved.
base::Result<Backend> parse_backend(std::string_view text);

}  // namespace ringwall::conf
