// ringwalld: the daemon's door. Called by an operator it becomes the master; called by a master it
// becomes what its heritage says.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/checker/process.h"
#include "daemon/master/start.h"
#include "daemon/prober/process.h"
#include "daemon/worker/heritage.h"
#include "daemon/worker/privileges.h"
#include "daemon/worker/worker.h"

namespace ringwall {
namespace {

struct Arguments {
  std::string config = "/etc/ringwall/ringwall.toml";
  bool check = false;
  bool version = false;
  std::string child;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("-c,--config", arguments.config, "Config file")->capture_default_str();
  app.add_flag("--check", arguments.check, "Check the config and end (exit code 6: invalid)");
  app.add_flag("--version", arguments.version, "Print the version and end");
  app.add_option("--child", arguments.child)->group("");  // for the master's use alone
}

std::string name_of(const worker::Heritage& heritage) {
  switch (heritage.kind) {
    case worker::Kind::prober:
      return "prober";
    case worker::Kind::checker:
      return "checker";
    default:
      return fmt::format("worker {}", heritage.slot);
  }
}

int run_child(worker::Heritage heritage) {
  base::set_log(heritage.level, heritage.error_log, name_of(heritage));
  if (auto status = worker::drop_privileges(heritage.identity); !status) {
    base::log_error("{}", status.error().what);
    return master::exit_failed;
  }
  if (heritage.kind == worker::Kind::worker) return worker::run_worker(std::move(heritage));
  if (heritage.kind == worker::Kind::checker) {
    return checker::run_process({heritage.link, heritage.cache});
  }
  prober::Inherited inherited;
  inherited.link = heritage.link;
  inherited.bundle = heritage.bundle;
  inherited.stats = heritage.stats;
  inherited.resolved = heritage.resolved;
  return prober::run_process(inherited, heritage.generation);
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("ringwalld: caching HTTP proxy", "ringwalld");
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (arguments.version) {
    fmt::print("ringwalld " RINGWALL_VERSION "\n");
    return 0;
  }
  if (arguments.check) return master::check_config(arguments.config);
  auto heritage = worker::inherit();
  if (!heritage) {
    fmt::print(stderr, "ringwalld: {}\n", heritage.error().what);
    return master::exit_failed;
  }
  bool is_child = *heritage && (*heritage)->kind != worker::Kind::master;
  if (is_child) return run_child(std::move(**heritage));
  if (!arguments.child.empty()) {
    fmt::print(stderr, "ringwalld: --child is for the master's use alone\n");
    return 2;
  }
  return master::run_master(arguments.config, std::vector<std::string>(argv, argv + argc),
                            std::move(*heritage));
}

}  // namespace
}  // namespace ringwall

int main(int argc, char** argv) {
  return ringwall::run(argc, argv);
}
