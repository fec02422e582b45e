// ringwallctl: the operator's client of the daemon. This file reads the command line by the table
// of commands and runs the one that was meant.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "cli/commands.h"
#include "daemon/base/text.h"

namespace ringwall::cli {
namespace {

using control::Outcome;

/// What the parser fills in, at stable addresses.
struct Parsed {
  Invocation invocation;
  double timeout_s = 0;
  bool json = false;
  bool verbose = false;
  bool version = false;
  std::map<std::string, std::vector<std::string>> values;  // of options
  std::map<std::string, bool> flags;
  const Command* command = nullptr;
};

constexpr double timeout_max_s = 86400;

void add_common(CLI::App& app, Parsed& parsed) {
  for (const Option& option : common_options()) {
    std::string name = fmt::format("--{}", option.name);
    std::string help(option.help);
    if (option.name == "socket") {
      app.add_option(name, parsed.invocation.socket, help)
          ->envname("RINGWALL_SOCKET")
          ->capture_default_str()
          ->option_text("PATH");
    } else if (option.name == "timeout") {
      app.add_option(name, parsed.timeout_s, help)
          ->check(CLI::Range(0.001, timeout_max_s))
          ->option_text("SECONDS");
    } else if (option.name == "json") {
      app.add_flag(name, parsed.json, help);
    } else {
      app.add_flag("-v," + name, parsed.verbose, help);
    }
  }
  app.add_flag("--version", parsed.version, "Print the version");
}

/// The one of the last of `words` below those of the words before it, which are there already.
CLI::App* add_below(CLI::App& app, std::string_view words, std::string_view help) {
  CLI::App* parent = &app;
  for (size_t space = words.find(' '); space != std::string_view::npos; space = words.find(' ')) {
    parent = parent->get_subcommand(std::string(words.substr(0, space)));
    words.remove_prefix(space + 1);
  }
  CLI::App* sub = parent->add_subcommand(std::string(words), std::string(help));
  sub->fallthrough();
  return sub;
}

void add_command(CLI::App& app, const Command& command, Parsed& parsed) {
  CLI::App* sub = add_below(app, command.words, command.help);
  for (const Option& option : command.options) {
    std::string name = fmt::format("--{}", option.name);
    if (option.letter != 0) name = fmt::format("-{},{}", option.letter, name);
    if (option.value.empty()) {
      sub->add_flag(name, parsed.flags[std::string(option.name)], std::string(option.help));
    } else {
      // A value each time it is given; what follows is an operand again.
      sub->add_option(name, parsed.values[std::string(option.name)], std::string(option.help))
          ->option_text(std::string(option.value))
          ->expected(option.repeats ? -1 : 1)
          ->allow_extra_args(false)
          ->multi_option_policy(option.repeats ? CLI::MultiOptionPolicy::TakeAll
                                               : CLI::MultiOptionPolicy::Throw);
    }
  }
  if (command.operands_max > 0) {
    CLI::Option* operand =
        sub->add_option(std::string(command.operand), parsed.invocation.operands);
    bool several = command.operands_max > 1;
    operand->expected(several ? -1 : 1)->required(command.operands_min > 0)->option_text(" ");
  }
  sub->callback([&parsed, &command] { parsed.command = &command; });
}

/// What was given on the command line, by name; an option of another command is none.
void collect_options(Parsed& parsed, const CLI::App& app) {
  const CLI::App* sub = &app;
  while (!sub->get_subcommands().empty()) sub = sub->get_subcommands().front();
  for (const Option& option : parsed.command->options) {
    std::string name(option.name);
    if (sub->count("--" + name) == 0) continue;
    parsed.invocation.options[name] = parsed.values[name];
  }
}

int run(int argc, char** argv) {
  CLI::App app("Asks and steers a running ringwalld.", "ringwallctl");
  app.footer("Exit codes and output: ringwallctl(1).");
  Parsed parsed;
  add_common(app, parsed);
  for (const Noun& noun : nouns()) {
    add_below(app, noun.name, noun.help)->require_subcommand(1);
  }
  for (const Command& command : commands()) add_command(app, command, parsed);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(app.exit(error) == 0 ? Outcome::done : Outcome::usage);
  }
  if (parsed.version) {
    fmt::print("ringwallctl " RINGWALL_VERSION "\n");
    return static_cast<int>(Outcome::done);
  }
  if (parsed.command == nullptr) {
    fmt::print(stderr, "{}", app.help());
    return static_cast<int>(Outcome::usage);
  }
  collect_options(parsed, app);
  parsed.invocation.timeout = base::Duration(std::llround(parsed.timeout_s * 1e9));
  Output::Form form;
  form.json = parsed.json;
  form.terminal = ::isatty(STDOUT_FILENO) == 1;
  form.progress = parsed.verbose || ::isatty(STDERR_FILENO) == 1;
  Output output(stdout, stderr, form);
  return static_cast<int>(parsed.command->run(parsed.invocation, output));
}

}  // namespace
}  // namespace ringwall::cli

int main(int argc, char** argv) {
  return ringwall::cli::run(argc, argv);
}
