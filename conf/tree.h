// A parsed config as a tree of values with their places, independent of the TOML library.
//
// conf/load_toml.cc makes it; everything else reads it. Tables keep the order of the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/problem.h"

namespace ringwall::conf {

struct Entry;

struct Node {
  enum class Kind : uint8_t { string, integer, boolean, list, table, other };
  Kind kind = Kind::table;
  std::string text;     // string: its value; other (a date, a fraction): its kind in words
  int64_t integer = 0;  // integer
  bool boolean = false;
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // table
  Where where;

  const Entry* find(std::string_view name) const;
  /// What is there, for a message: `the string "x"`, `the integer 5`, `a table`.
  std::string described() const;
};

/// A key of a table with the place of its name.
struct Entry {
  std::string name;
  Where where;
  Node value;
};

/// Parses TOML. The problem is a syntax error.
std::variant<Node, Problem> parse_toml(const std::string& path, std::string_view text);

}  // namespace ringwall::conf
