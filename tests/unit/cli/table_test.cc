#include "cli/table.h"

#include <gtest/gtest.h>

namespace ringwall::cli {
namespace {

Table example() {
  Table table({{"NAME"}, {"COUNT", Align::right}, {"NOTE"}});
  table.add({"a", "1", ""});
  table.add({"longer", "1000000", "x"});
  return table;
}

TEST(Table, is_aligned_under_headings_without_trailing_spaces) {
  EXPECT_EQ(example().aligned(),
            "NAME      COUNT  NOTE\n"
            "a             1\n"
            "longer  1000000  x\n");
}

TEST(Table, in_a_pipe_has_tabs_and_no_headings) {
  EXPECT_EQ(example().tab_separated(), "a\t1\t\nlonger\t1000000\tx\n");
}

TEST(Table, cells_cannot_break_lines_or_the_terminal) {
  Table table({{"NAME"}});
  table.add({"a\tb\nc\033[31m"});
  EXPECT_EQ(table.tab_separated(), "a?b?c?[31m\n");
}

TEST(Table, characters_of_several_bytes_are_one_wide) {
  Table table({{"A"}, {"B"}});
  table.add({"\xc3\xa4", "x"});
  table.add({"bb", "y"});
  EXPECT_EQ(table.aligned(), "A   B\n\xc3\xa4   x\nbb  y\n");
}

}  // namespace
}  // namespace ringwall::cli
