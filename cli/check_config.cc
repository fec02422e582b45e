// `config check`: the same loader as the daemon's, without a daemon.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/units.h"
#include "conf/load.h"

namespace ringwall::cli {
namespace {

using control::Json;
using control::Outcome;

Json json_of(const std::vector<conf::Problem>& problems) {
  Json list = Json::array();
  for (const conf::Problem& problem : problems) {
    list.push_back({{"file", problem.where.file},
                    {"line", problem.where.line},
                    {"column", problem.where.column},
                    {"key", problem.key},
                    {"message", problem.message},
                    {"expected", problem.expected},
                    {"hint", problem.hint},
                    {"mend", problem.mend},
                    {"text", problem.text()}});
  }
  return list;
}

}  // namespace

Outcome check_config(const Invocation& invocation, Output& output) {
  std::string path = invocation.operands.empty() ? default_config : invocation.operands[0];
  conf::DiskFiles files;
  conf::LoadResult loaded = conf::load(path, files);
  output.json({{"file", path},
               {"valid", loaded.ok()},
               {"errors", json_of(loaded.errors)},
               {"warnings", json_of(loaded.warnings)}});
  for (const conf::Problem& problem : loaded.errors) output.say("{}", printable(problem.text()));
  for (const conf::Problem& problem : loaded.warnings) {
    output.say("{}", printable("warning: " + problem.text()));
  }
  if (!loaded.ok()) {
    output.warn(fmt::format("{}: invalid, {}", path, counted(loaded.errors.size(), "error")));
    return Outcome::config_invalid;
  }
  output.say("{}: valid ({}, {}, {}, {})", printable(path),
             counted(loaded.config->listeners.size(), "listener"),
             counted(loaded.config->upstreams.size(), "upstream"),
             counted(loaded.config->backend_count, "backend"),
             counted(loaded.config->routes.size(), "route"));
  return Outcome::done;
}

}  // namespace ringwall::cli
