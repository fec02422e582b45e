#include "cli/table.h"

#include <algorithm>

#include "daemon/base/assert.h"

namespace ringwall::cli {
namespace {

constexpr std::string_view gap = "  ";

/// Characters, not bytes, of UTF-8; wide ones are none of our names.
size_t width_of(std::string_view text) {
  auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

void append_cell(std::string& line, std::string_view cell, size_t width, Align align) {
  std::string padding(width - width_of(cell), ' ');
  if (align == Align::right) line += padding;
  line += cell;
  if (align == Align::left) line += padding;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

void Table::add(std::vector<std::string> cells) {
  RW_ASSERT(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::aligned() const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.heading));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  auto append_line = [&](auto cell_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += gap;
      append_cell(line, cell_of(i), widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  append_line([this](size_t i) { return columns_[i].heading; });
  for (const auto& row : rows_) {
    append_line([&row](size_t i) { return std::string_view(row[i]); });
  }
  return out;
}

std::string Table::tab_separated() const {
  std::string out;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += '\t';
      out += row[i];
    }
    out += '\n';
  }
  return out;
}

}  // namespace ringwall::cli
