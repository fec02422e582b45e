// The one door to toml++: TOML text to a Node tree, syntax errors to a Problem.
#include <toml++/toml.h>

#include <algorithm>
#include <string>

#include "conf/tree.h"

namespace ringwall::conf {
namespace {

Where where_of(const std::string& path, const toml::source_region& region) {
  return {path, region.begin.line, region.begin.column};
}

Node convert(const std::string& path, const toml::node& from);

void convert_table(const std::string& path, const toml::table& from, Node& to) {
  to.kind = Node::Kind::table;
  for (const auto& [key, value] : from) {
    to.entries.push_back(
        {std::string(key.str()), where_of(path, key.source()), convert(path, value)});
  }
  // toml++ sorts by name; messages and repeated fields want the order of the file.
  std::stable_sort(to.entries.begin(), to.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  });
}

Node convert(const std::string& path, const toml::node& from) {
  Node to;
  to.where = where_of(path, from.source());
  if (const auto* table = from.as_table()) {
    convert_table(path, *table, to);
  } else if (const auto* list = from.as_array()) {
    to.kind = Node::Kind::list;
    for (const toml::node& item : *list) to.items.push_back(convert(path, item));
  } else if (const auto* text = from.as_string()) {
    to.kind = Node::Kind::string;
    to.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    to.kind = Node::Kind::integer;
    to.integer = integer->get();
  } else if (const auto* boolean = from.as_boolean()) {
    to.kind = Node::Kind::boolean;
    to.boolean = boolean->get();
  } else {
    to.kind = Node::Kind::other;
    to.text = from.is_floating_point() ? "a decimal fraction" : "a date or time";
  }
  return to;
}

}  // namespace

std::variant<Node, Problem> parse_toml(const std::string& path, std::string_view text) {
  try {
    toml::table table = toml::parse(text, path);
    Node root;
    root.where = {path, 0, 0};
    convert_table(path, table, root);
    return root;
  } catch (const toml::parse_error& error) {
    Problem problem;
    problem.where = where_of(path, error.source());
    problem.message = "not TOML: " + std::string(error.description());
    problem.mend = "the rest of this file is not checked until this is mended";
    return problem;
  }
}

}  // namespace ringwall::conf
