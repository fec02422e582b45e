#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/commands.h"

namespace ringwall::cli {
namespace {

/// A word that may come next.
struct Word {
  std::string text;
  std::string help;
  char letter = 0;     // of an option
  bool files = false;  // an option that takes a file
  std::string values;  // of an option that takes one of these, by spaces
};

std::string values_of(const Option& option) {
  std::string values(option.value);
  if (values.find('|') == std::string::npos) return {};
  std::replace(values.begin(), values.end(), '|', ' ');
  return values;
}

bool takes_file(const Option& option) {
  return option.value == "FILE" || option.value == "PATH";
}

/// What may follow some words: "", "cache", "cache purge", …
struct Step {
  std::string after;
  std::vector<Word> words;
  bool backends = false;
  bool files = false;
};

void add_options(Step& step, std::span<const Option> options) {
  for (const Option& option : options) {
    step.words.push_back({fmt::format("--{}", option.name), std::string(option.help),
                          option.letter, takes_file(option), values_of(option)});
  }
}

/// The last of `words` may follow those before it.
void add_word(std::vector<Step>& steps, std::string_view words, std::string_view help) {
  size_t space = words.rfind(' ');
  std::string_view before = space == std::string_view::npos ? "" : words.substr(0, space);
  std::string_view last = words.substr(before.empty() ? 0 : space + 1);
  for (Step& step : steps) {
    if (step.after == before) step.words.push_back({std::string(last), std::string(help)});
  }
}

std::vector<Step> steps() {
  std::vector<Step> all(1);
  for (const Noun& noun : nouns()) {
    add_word(all, noun.name, noun.help);
    all.push_back({std::string(noun.name), {}});
  }
  for (const Command& command : commands()) {
    add_word(all, command.words, command.help);
    Step step{std::string(command.words), {}};
    for (std::string_view rest = command.choices; !rest.empty();) {
      size_t end = std::min(rest.find(' '), rest.size());
      step.words.push_back({std::string(rest.substr(0, end)), ""});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    add_options(step, command.options);
    step.backends = command.operand == "BACKEND";
    step.files = command.operand == "FILE";
    all.push_back(std::move(step));
  }
  for (Step& step : all) add_options(step, common_options());
  return all;
}

constexpr std::string_view list_backends_line = "ringwallctl backend list 2>/dev/null | cut -f1";

/// The options that `wanted` is true for, each once: "--socket|--timeout|--file|-f|…".
std::string option_pattern(bool (*wanted)(const Option& option)) {
  std::string out;
  auto add_name = [&out](const std::string& name) {
    if (("|" + out + "|").find("|" + name + "|") != std::string::npos) return;
    out += (out.empty() ? "" : "|") + name;
  };
  auto add = [&](std::span<const Option> options) {
    for (const Option& option : options) {
      if (!wanted(option)) continue;
      add_name(fmt::format("--{}", option.name));
      if (option.letter != 0) add_name(fmt::format("-{}", option.letter));
    }
  };
  add(common_options());
  for (const Command& command : commands()) add(command.options);
  return out;
}

/// Options that take a value are skipped together with it.
std::string valued_options() {
  return option_pattern([](const Option& option) { return !option.value.empty(); });
}

/// For each option that takes one of some words: f(option, words).
template <class F>
void each_choice(F f) {
  for (const Command& command : commands()) {
    for (const Option& option : command.options) {
      std::string values = values_of(option);
      if (!values.empty()) f(option, values);
    }
  }
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
      "    ";
  out += option_pattern(takes_file);
  out +=
      ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
  each_choice([&out](const Option& option, const std::string& values) {
    out += fmt::format("    --{}) COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return ;;\n",
                       option.name, values);
  });
  out +=
      "  esac\n"
      "  case \"$after\" in\n";
  for (const Step& step : steps()) {
    std::string words;
    for (const Word& word : step.words) words += (words.empty() ? "" : " ") + word.text;
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
      "  case \"${words[CURRENT-1]}\" in\n"
      "    ";
  out += option_pattern(takes_file);
  out +=
      ") _files; return ;;\n";
  each_choice([&out](const Option& option, const std::string& values) {
    out += fmt::format("    --{}) compadd -- {}; return ;;\n", option.name, values);
  });
  out +=
      "  esac\n"
      "  case \"$after\" in\n";
  for (const Step& step : steps()) {
    out += fmt::format("    '{}')\n      choices=(\n", step.after);
    for (const Word& word : step.words) {
      out += fmt::format("        '{}:{}'\n", word.text, word.help);
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
    for (const Word& word : step.words) {
      if (word.text.starts_with("--")) {
        out += fmt::format("{} -l {}", when, word.text.substr(2));
        if (word.letter != 0) out += fmt::format(" -s {}", word.letter);
        if (word.files) out += " -r -F";
        if (!word.values.empty()) out += fmt::format(" -x -a '{}'", word.values);
      } else {
        out += fmt::format("{} -a {}", when, word.text);
      }
      out += fmt::format(" -d '{}'\n", word.help);
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
