#include "daemon/caching/key_query.h"

#include <gtest/gtest.h>

#include <array>

#include "daemon/caching/key.h"

namespace ringwall::caching {
namespace {

std::string query(std::string_view text, const conf::CacheKey& settings = {}) {
  std::array<char, key_bytes_max> room;
  return std::string(write_query(text, settings, room).value_or("none"));
}

// RFC 3986 section 6.2.2.
TEST(KeyQuery, encodings_are_in_their_normal_form) {
  EXPECT_EQ(query("a=%61%7e%2f%c3%A4"), "?a=a~%2F%C3%A4");
  EXPECT_EQ(query("a=%26b%3D"), "?a=%26b%3D");
  EXPECT_EQ(query("%zz%4%&%61"), "?%zz%4%&%61");
  EXPECT_EQ(query("a=%2561"), "?a=%2561");
  EXPECT_EQ(query("%00"), "?%00");
  EXPECT_EQ(query("a/../b?c"), "?a/../b?c");
}

TEST(KeyQuery, is_as_sent_where_nothing_is_chosen) {
  EXPECT_EQ(query(""), "?");
  EXPECT_EQ(query("b&a&&=&b=1"), "?b&a&&=&b=1");
}

TEST(KeyQuery, may_be_left_out) {
  conf::CacheKey settings;
  settings.query = false;
  EXPECT_EQ(query("a=1", settings), "");
}

TEST(KeyQuery, an_allow_list_chooses_by_name) {
  conf::CacheKey settings;
  settings.query_only = {"id", "p_*"};
  EXPECT_EQ(query("x=1&id=2&idx=3&p_=4&p_a=5&p=6&id", settings), "?id=2&p_=4&p_a=5&id");
  EXPECT_EQ(query("%69d=2", settings), "?id=2");
  EXPECT_EQ(query("ID=2", settings), "");
  EXPECT_EQ(query("x=1&y=2", settings), "");
  EXPECT_EQ(query("", settings), "");
}

TEST(KeyQuery, a_deny_list_leaves_out_by_name) {
  conf::CacheKey settings;
  settings.query_without = {"utm_*", "fbclid"};
  EXPECT_EQ(query("a=1&utm_source=x&fbclid=y&b=2&utm=3", settings), "?a=1&b=2&utm=3");
  EXPECT_EQ(query("utm_source=x&", settings), "");
  EXPECT_EQ(query("&a&&b&", settings), "?a&b");
  settings.query_without = {"*"};
  EXPECT_EQ(query("a=1&b", settings), "");
}

TEST(KeyQuery, both_lists_count) {
  conf::CacheKey settings;
  settings.query_only = {"a*"};
  settings.query_without = {"ab"};
  EXPECT_EQ(query("aa=1&ab=2&b=3", settings), "?aa=1");
}

TEST(KeyQuery, sorting_is_by_name_and_keeps_the_order_of_values) {
  conf::CacheKey settings;
  settings.query_sorted = true;
  EXPECT_EQ(query("b=2&a=9&c&a=1&B=0&=x&ab=3", settings), "?=x&B=0&a=9&a=1&ab=3&b=2&c");
  EXPECT_EQ(query("b=1&a=1", settings), query("%61=1&b=1", settings));
  EXPECT_NE(query("a=1&a=2", settings), query("a=2&a=1", settings));
  EXPECT_EQ(query("&", settings), "");
}

TEST(KeyQuery, is_bounded) {
  std::array<char, 8> room;
  conf::CacheKey settings;
  EXPECT_EQ(write_query("1234567", settings, room), "?1234567");
  EXPECT_EQ(write_query("12345678", settings, room), std::nullopt);
  settings.query_sorted = true;
  EXPECT_EQ(write_query("b23&a67", settings, room), "?a67&b23");
  EXPECT_EQ(write_query("b23&a678", settings, room), std::nullopt);
  std::string many = "a";
  for (size_t i = 1; i < sorted_parameters_max; ++i) many += "&a";
  EXPECT_NE(query(many, settings), "none");
  EXPECT_EQ(query(many + "&a", settings), "none");
}

}  // namespace
}  // namespace ringwall::caching
