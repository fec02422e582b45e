// Table: rows of text. On a terminal its columns are aligned under headings; in a pipe it is one
// line a row, cells separated by tabs, without headings, as cut(1) and awk(1) want it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ringwall::cli {

enum class Align : unsigned char { left, right };

struct Column {
  std::string_view heading;
  Align align = Align::left;
};

class Table {
 public:
  explicit Table(std::initializer_list<Column> columns) : columns_(columns) {}

  /// Requires: a cell for each column. Control characters in a cell become '?', so that neither a
  /// line nor a terminal is broken by what a backend is called.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  std::string aligned() const;
  std::string tab_separated() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `text` with control characters as '?'.
std::string printable(std::string_view text);

}  // namespace ringwall::cli
