// ringwall-schema: prints the keys of the schema table as mdoc, for the part of
// man/ringwall.toml.5 between its markers. A test compares the two, so that the page cannot lie.
#include <fmt/format.h>

#include <string>

#include "conf/schema.h"

namespace ringwall::conf {
namespace {

/// Text for mdoc: backslashes and quotes escaped, `word` set as a literal.
std::string mdoc_text(std::string_view text) {
  std::string out;
  bool literal = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      out += "\\e";
    } else if (text[i] == '"') {
      out += "\\(dq";
    } else if (text[i] == '`') {
      out += literal ? "\\fP" : "\\fB";
      literal = !literal;
    } else if (text.substr(i).starts_with("…")) {
      out += "\\&...";
      i += std::string_view("…").size() - 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Breaks one sentence into lines of at most 80 characters.
void print_wrapped(std::string_view sentence) {
  constexpr size_t columns_max = 80;
  while (sentence.size() > columns_max) {
    size_t space = sentence.rfind(' ', columns_max);
    if (space == std::string_view::npos) break;
    fmt::print("{}\n", sentence.substr(0, space));
    sentence.remove_prefix(space + 1);
  }
  fmt::print("{}\n", sentence);
}

/// Each sentence begins on a line of its own, as mdoc wants it.
void print_sentences(std::string_view plain) {
  std::string text = mdoc_text(plain);
  std::string_view rest = text;
  for (size_t end = rest.find(". "); end != std::string_view::npos; end = rest.find(". ")) {
    print_wrapped(rest.substr(0, end + 1));
    rest.remove_prefix(end + 2);
  }
  print_wrapped(rest);
}

std::string default_text(const Key& key) {
  if (key.required) return "Required.";
  if (key.fallback.empty()) return "Default: unset.";
  bool bare = key.type == Type::integer || key.type == Type::boolean || key.fallback == "0";
  return bare ? fmt::format("Default: {}.", key.fallback)
              : fmt::format("Default: \\(dq{}\\(dq.", mdoc_text(key.fallback));
}

void print_key(const Key& key) {
  fmt::print(".It Cm {} Pq {}\n", key.name, mdoc_text(type_text(key.type)));
  print_sentences(key.help);
  std::string expected = expected_text(key);
  bool bounded = key.most > 0 || key.type == Type::choice;
  if (bounded) print_sentences(fmt::format("Valid: {}.", expected));
  fmt::print("{}\n", default_text(key));
  if (key.reload == Reload::restart) fmt::print("Takes effect at a restart.\n");
}

void print_section(const Section& section) {
  fmt::print(".Ss {}\n", mdoc_text(section.heading));
  print_sentences(section.help);
  fmt::print(".Bl -tag -width Ds\n");
  for (const Key& key : section.keys) print_key(key);
  fmt::print(".El\n");
}

}  // namespace
}  // namespace ringwall::conf

int main() {
  for (const auto& section : ringwall::conf::schema()) ringwall::conf::print_section(section);
  return 0;
}
