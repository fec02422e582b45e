#include "daemon/base/text.h"

#include <gtest/gtest.h>

namespace ringwall::base {
namespace {

TEST(Text, decimals_are_whole_and_do_not_overflow) {
  EXPECT_EQ(parse_decimal("0"), 0u);
  EXPECT_EQ(parse_decimal("00017"), 17u);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "1x", "0x1", "1.0", "1,0",
                           "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_decimal(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Text, case_is_ignored_for_letters_only) {
  EXPECT_TRUE(equal_ignoring_case("Host", "hOST"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("\xc3\x89", "\xc3\xa9"));
  EXPECT_EQ(to_lower("A-Z[\xc3\x89"), "a-z[\xc3\x89");
}

TEST(Text, trimming_takes_spaces_and_tabs_from_both_ends) {
  EXPECT_EQ(trim_ows(" \ta b\t "), "a b");
  EXPECT_EQ(trim_ows(" \t "), "");
  EXPECT_EQ(trim_ows("\r\na\n"), "\r\na\n");
}

TEST(Text, splitting_keeps_empty_parts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, the_nearest_word_is_a_slip_away) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(nearest("balanse", {"backends", "balance", "probe"}), "balance");
  EXPECT_EQ(nearest("xyzzyx", {"backends", "balance", "probe"}), std::nullopt);
  EXPECT_EQ(nearest("a", {}), std::nullopt);
}

TEST(Text, what_could_break_a_log_line_is_escaped) {
  EXPECT_EQ(escaped("plain text"), "plain text");
  EXPECT_EQ(escaped("a\"b\\c\r\n\x7f\xc3"), "a\\x22b\\x5Cc\\x0D\\x0A\\x7F\\xC3");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
}

}  // namespace
}  // namespace ringwall::base
