// Loading a config: text to a checked conf::Config, or every error at once.
//
// load() parses the file and those it includes (TOML), checks each key against the table in
// conf/schema.cc, resolves names to indices and fills in defaults. It is the same for the master,
// for `ringwallctl config check` and for workers (which load from a bundle). Pure but for what
// `files` does; no exception leaves it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/files.h"
#include "conf/model.h"
#include "conf/problem.h"

namespace ringwall::conf {

struct LoadResult {
  std::optional<Config> config;  // set if and only if `errors` is empty
  std::vector<Problem> errors;
  std::vector<Problem> warnings;

  bool ok() const { return config.has_value(); }
  /// All errors, a line each with a newline behind it.
  std::string error_text() const;
};

/// Loads the config whose first file is `path`.
LoadResult load(std::string_view path, Files& files);

/// The keys ("cache.size") that differ between two configs but take effect only at a restart: a
/// reload leaves them as they were in `running` and says so.
std::vector<std::string> keys_needing_restart(const Config& running, const Config& next);

}  // namespace ringwall::conf
