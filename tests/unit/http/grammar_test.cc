#include "daemon/http/grammar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/http/scan.h"

namespace ringwall::http {
namespace {

std::vector<std::string> elements(std::string_view text, char separator = ',') {
  std::vector<std::string> all;
  ListElements list(text, separator);
  while (auto element = list.next()) all.emplace_back(*element);
  return all;
}
using Strings = std::vector<std::string>;

TEST(Grammar, token_characters_are_those_of_rfc_9110) {
  std::string_view marks = "!#$%&'*+-.^_`|~";
  for (int c = 0; c < 256; ++c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    bool expected = letter || (c < 128 && marks.find(static_cast<char>(c)) != marks.npos);
    EXPECT_EQ(is_token_char(static_cast<char>(c)), c != 0 && expected) << c;
  }
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("x-1"));
  EXPECT_FALSE(is_token("x 1"));
}

TEST(Grammar, a_forbidden_byte_is_found_at_every_position) {
  for (size_t size : {1, 15, 16, 17, 31, 32, 33, 64}) {
    for (size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        const char* end = text.data() + size;
        bool value_char = (c >= 0x20 && c != 0x7f) || c == '\t';
        bool visible = c > 0x20 && c < 0x7f;
        ASSERT_EQ(find_not_value(text.data(), end), value_char ? end : text.data() + at) << c;
        ASSERT_EQ(find_not_visible(text.data(), end), visible ? end : text.data() + at) << c;
      }
    }
  }
}

TEST(Grammar, lists_skip_empty_elements_and_trim) {
  EXPECT_EQ(elements("a, b ,\tc"), (Strings{"a", "b", "c"}));
  EXPECT_EQ(elements(", ,a,,b, "), (Strings{"a", "b"}));
  EXPECT_EQ(elements(""), Strings{});
  EXPECT_EQ(elements(" , "), Strings{});
  EXPECT_EQ(elements("a;b=c; d", ';'), (Strings{"a", "b=c", "d"}));
}

TEST(Grammar, commas_in_quoted_strings_do_not_separate) {
  EXPECT_EQ(elements(R"(a="b,c",d)"), (Strings{R"(a="b,c")", "d"}));
  EXPECT_EQ(elements(R"("a\",b",c)"), (Strings{R"("a\",b")", "c"}));
  EXPECT_EQ(elements(R"("a\\",b)"), (Strings{R"("a\\")", "b"}));
  EXPECT_EQ(elements(R"(a,"b,c)"), (Strings{"a", R"("b,c)"}));
  EXPECT_EQ(elements("\"a\\"), (Strings{"\"a\\"}));
}

TEST(Grammar, parameters_tell_tokens_from_strings_and_both_from_junk) {
  Parameter plain = parse_parameter("max-age = 10");
  EXPECT_TRUE(plain.valid && plain.has_value && !plain.quoted);
  EXPECT_EQ(plain.name, "max-age");
  EXPECT_EQ(plain.value, "10");
  Parameter quoted = parse_parameter(R"(a="b\"c")");
  EXPECT_TRUE(quoted.valid && quoted.quoted);
  EXPECT_EQ(quoted.value, R"(b\"c)");
  Parameter bare = parse_parameter("no-store");
  EXPECT_TRUE(bare.valid && !bare.has_value);
  for (const char* text :
       {"=a", "a b=c", "a=", "a=b c", R"(a="b)", R"(a="b"c)", R"(a=")", R"(a="b\")", "", "a b"}) {
    EXPECT_FALSE(parse_parameter(text).valid) << text;
  }
  EXPECT_TRUE(parse_parameter("for=[::1]:80", true).valid);
  EXPECT_FALSE(parse_parameter("for=[::1]:80").valid);
}

TEST(Grammar, unquoting_takes_escapes_out) {
  char room[4];
  EXPECT_EQ(unquote("abcdefgh", room), "abcdefgh");
  EXPECT_EQ(unquote(R"(a\"b)", room), "a\"b");
  EXPECT_EQ(unquote(R"(\\\\)", room), R"(\\)");
  EXPECT_EQ(unquote(R"(\abcde)", room), std::nullopt);
}

TEST(Grammar, lists_are_searched_ignoring_case) {
  EXPECT_TRUE(list_has("a, Close ,b", "close"));
  EXPECT_FALSE(list_has("a, closed", "close"));
  EXPECT_FALSE(list_has("", "close"));
}

}  // namespace
}  // namespace ringwall::http
