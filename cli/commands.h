// The commands of ringwallctl in one table: words, operands, options, help and the function. The
// parser (main.cc), the completions and the manual's test are made from it.
//
// A command asks the daemon and prints what it got: no other logic. Its value is the exit code.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "daemon/base/time.h"
#include "daemon/control/protocol.h"

namespace ringwall::cli {

constexpr const char* default_socket = "/run/ringwall/control.sock";
constexpr const char* default_config = "/etc/ringwall/ringwall.toml";

/// One call of the program, parsed.
struct Invocation {
  std::string socket = default_socket;
  base::Duration timeout{};  // zero: the command's own
  std::vector<std::string> operands;
  // "prefix" → its values in the order given; a flag has none.
  std::map<std::string, std::vector<std::string>, std::less<>> options;

  bool has(std::string_view option) const { return options.contains(option); }
  std::vector<std::string> values(std::string_view option) const {
    auto found = options.find(option);
    return found == options.end() ? std::vector<std::string>() : found->second;
  }
  /// The last one.
  std::string value(std::string_view option) const {
    auto all = values(option);
    return all.empty() ? std::string() : all.back();
  }
};

struct Option {
  std::string_view name;   // without its dashes
  std::string_view value;  // what it takes, for the help, or "one|of|these"; empty: a flag
  std::string_view help;
  char letter = 0;       // its short form, "-f"; 0: none
  bool repeats = false;  // may be given several times
};

struct Command {
  std::string_view words;    // "cache purge", "cache snapshot save"
  std::string_view operand;  // "URL"; empty: none
  unsigned operands_min = 0;
  unsigned operands_max = 0;  // more than 1: any number
  std::string_view choices;   // operands that are allowed, by spaces; empty: any
  std::span<const Option> options;
  std::string_view help;
  control::Outcome (*run)(const Invocation& invocation, Output& output);
};

std::span<const Command> commands();
/// Nouns with verbs, with their help: "cache", …; "cache snapshot" behind "cache".
struct Noun {
  std::string_view name;
  std::string_view help;
};
std::span<const Noun> nouns();

/// Options that every command takes.
std::span<const Option> common_options();

// The functions, by file.
control::Outcome show_status(const Invocation&, Output&);  // commands_daemon.cc
control::Outcome reload(const Invocation&, Output&);
control::Outcome stop(const Invocation&, Output&);
control::Outcome upgrade(const Invocation&, Output&);
control::Outcome reopen_logs(const Invocation&, Output&);
control::Outcome list_workers(const Invocation&, Output&);
control::Outcome purge(const Invocation&, Output&);       // commands_purge.cc
control::Outcome save_snapshot(const Invocation&, Output&);  // commands_snapshot.cc
control::Outcome load_snapshot(const Invocation&, Output&);
control::Outcome warm(const Invocation&, Output&);        // commands_warm.cc
control::Outcome explain(const Invocation&, Output&);     // commands_explain.cc
control::Outcome list_stored(const Invocation&, Output&);  // commands_list.cc
control::Outcome show_top(const Invocation&, Output&);
control::Outcome show_cache_stats(const Invocation&, Output&);  // commands_stats.cc
control::Outcome show_usage(const Invocation&, Output&);  // commands_cache.cc
control::Outcome verify(const Invocation&, Output&);
control::Outcome list_backends(const Invocation&, Output&);  // commands_serving.cc
control::Outcome drain(const Invocation&, Output&);
control::Outcome make_ready(const Invocation&, Output&);
control::Outcome show_stats(const Invocation&, Output&);  // commands_numbers.cc
control::Outcome show_metrics(const Invocation&, Output&);
control::Outcome check_config(const Invocation&, Output&);      // check_config.cc
control::Outcome print_completion(const Invocation&, Output&);  // completion.cc

}  // namespace ringwall::cli
