#include "cli/completion.h"

#include <fmt/format.h>

#include <vector>

#include "cli/commands.h"

namespace ringwall::cli {
namespace {

/// What may follow some words: "", "cache", "cache purge", …
struct Step {
  std::string after;
  std::vector<std::pair<std::string, std::string>> words;  // with their help
  bool backends = false;
  bool files = false;
};

void add_options(Step& step, std::span<const Option> options) {
  for (const Option& option : options) {
    step.words.emplace_back(fmt::format("--{}", option.name), option.help);
  }
}

std::vector<Step> steps() {
  Step first;
  for (const Noun& noun : nouns()) first.words.emplace_back(noun.name, noun.help);
  std::vector<Step> all;
  for (const Noun& noun : nouns()) all.push_back({std::string(noun.name), {}});
  for (const Command& command : commands()) {
    size_t space = command.words.find(' ');
    if (space == std::string_view::npos) {
      first.words.emplace_back(command.words, command.help);
    } else {
      for (Step& step : all) {
        if (step.after != command.words.substr(0, space)) continue;
        step.words.emplace_back(command.words.substr(space + 1), command.help);
      }
    }
    Step step{std::string(command.words), {}};
    for (std::string_view rest = command.choices; !rest.empty();) {
      size_t end = std::min(rest.find(' '), rest.size());
      step.words.emplace_back(rest.substr(0, end), "");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    add_options(step, command.options);
    step.backends = command.operand == "BACKEND";
    step.files = command.operand == "FILE";
    all.push_back(std::move(step));
  }
  all.insert(all.begin(), std::move(first));
  for (Step& step : all) add_options(step, common_options());
  return all;
}

constexpr std::string_view list_backends_line = "ringwallctl backend list 2>/dev/null | cut -f1";

/// Options that take a value are skipped together with it: "--socket|--timeout|…".
std::string valued_options() {
  std::string out;
  auto add = [&out](std::span<const Option> options) {
    for (const Option& option : options) {
      std::string name = fmt::format("--{}", option.name);
      if (option.value.empty() || ("|" + out + "|").find("|" + name + "|") != std::string::npos) {
        continue;
      }
      out += (out.empty() ? "" : "|") + name;
    }
  };
  add(common_options());
  for (const Command& command : commands()) add(command.options);
  return out;
}

std::string bash_script() {
  std::string out =
      "# bash completion for ringwallctl\n_ringwallctl() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\" files=\"\" after=\"\" i\n"
      "  local IFS=$' \\t\\n'\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${COMP_WORDS[i]}\" in\n";
  out += fmt::format("      {}) ((i++)) ;;\n", valued_options());
  out +=
      "      -*) ;;\n"
      "      *) after=\"${after:+$after }${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n"
      "    --socket) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
      "  esac\n"
      "  case \"$after\" in\n";
  for (const Step& step : steps()) {
    std::string words;
    for (const auto& [word, help] : step.words) words += (words.empty() ? "" : " ") + word;
    if (step.backends) words += fmt::format(" $({})", list_backends_line);
    out += fmt::format("    \"{}\") words=\"{}\"{} ;;\n", step.after, words,
                       step.files ? " files=1" : "");
  }
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [[ -z \"$files\" ]] || COMPREPLY+=($(compgen -f -- \"$current\"))\n"
      // Names of backends hold colons, at which bash cuts words.
      "  if [[ \"$current\" == *:* && \"$COMP_WORDBREAKS\" == *:* ]]; then\n"
      "    local cut=\"${current%\"${current##*:}\"}\"\n"
      "    COMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
      "  fi\n"
      "}\n"
      "complete -F _ringwallctl ringwallctl\n";
  return out;
}

// Help texts stand in single quotes; a test sees that they hold none, and no colon for zsh.

std::string zsh_script() {
  std::string out =
      "#compdef ringwallctl\n_ringwallctl() {\n"
      "  local after=\"\" i\n  local -a choices\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"${words[i]}\" in\n";
  out += fmt::format("      {}) ((i++)) ;;\n", valued_options());
  out +=
      "      -*) ;;\n"
      "      *) after=\"${after:+$after }${words[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$after\" in\n";
  for (const Step& step : steps()) {
    out += fmt::format("    '{}')\n      choices=(\n", step.after);
    for (const auto& [word, help] : step.words) {
      out += fmt::format("        '{}:{}'\n", word, help);
    }
    out += "      )\n";
    if (step.backends) {
      out += fmt::format("      compadd -- ${{(f)\"$({})\"}}\n", list_backends_line);
    }
    if (step.files) out += "      _files\n";
    out += "      ;;\n";
  }
  out +=
      "  esac\n  _describe 'ringwallctl' choices\n}\n"
      "if [[ \"$funcstack[1]\" = _ringwallctl ]]; then _ringwallctl \"$@\"; "
      "else compdef _ringwallctl ringwallctl; fi\n";
  return out;
}

std::string fish_script() {
  std::string out =
      "# fish completion for ringwallctl\n"
      "function __ringwallctl_after\n"
      "  set -l words\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1\n"
      "      set skip 0\n"
      "      continue\n"
      "    end\n"
      "    switch $word\n";
  std::string valued = valued_options();
  for (char& c : valued) c = c == '|' ? ' ' : c;
  out += fmt::format("      case {}\n        set skip 1\n", valued);
  out +=
      "      case '-*'\n"
      "      case '*'\n"
      "        set -a words $word\n"
      "    end\n"
      "  end\n"
      "  test \"$words\" = \"$argv\"\n"
      "end\n"
      "complete -c ringwallctl -f\n";
  for (const Step& step : steps()) {
    std::string when =
        fmt::format("complete -c ringwallctl -n '__ringwallctl_after {}'", step.after);
    for (const auto& [word, help] : step.words) {
      if (word.starts_with("--")) {
        out += fmt::format("{} -l {} -d '{}'\n", when, word.substr(2), help);
      } else {
        out += fmt::format("{} -a {} -d '{}'\n", when, word, help);
      }
    }
    if (step.backends) out += fmt::format("{} -a '({})'\n", when, list_backends_line);
    if (step.files) out += fmt::format("{} -F\n", when);
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return {};
}

control::Outcome print_completion(const Invocation& invocation, Output& output) {
  std::string script = completion_script(invocation.operands.at(0));
  if (script.empty()) {
    output.problem({control::Outcome::usage, "there are completions for bash, zsh and fish"});
    return control::Outcome::usage;
  }
  output.text(script);
  output.json({{"script", script}});
  return control::Outcome::done;
}

}  // namespace ringwall::cli
