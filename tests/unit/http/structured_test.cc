#include "daemon/http/structured.h"

#include <gtest/gtest.h>

#include "tests/unit/http/parsed.h"

namespace ringwall::http::structured {
namespace {

/// A member as text: "key=value", the type's first letter before the value.
std::string shown(const Member& member) {
  if (member.inner) return std::string(member.key) + "=()";
  constexpr char types[] = "idstbB";
  std::string out(member.key);
  out += "=";
  out += types[static_cast<size_t>(member.item.type)];
  bool numeric = member.item.type == Item::Type::integer ||
                 member.item.type == Item::Type::decimal || member.item.type == Item::Type::boolean;
  if (member.item.type == Item::Type::string) return out + member.item.string();
  return out + (numeric ? std::to_string(member.item.integer) : std::string(member.item.text));
}

std::string shown(const std::optional<std::vector<Member>>& members) {
  if (!members) return "invalid";
  std::string out;
  for (const Member& member : *members) out += shown(member) + "|";
  return out;
}

std::string dictionary(std::string_view text) {
  return shown(parse_dictionary(text));
}
std::string list(std::string_view text) {
  return shown(parse_list(text));
}

// RFC 8941 section 4.2.3.1 and below.
TEST(Structured, bare_items_are_told_by_their_first_character) {
  struct Case {
    const char* text;
    const char* expected;
  } cases[] = {{"a=1", "a=i1|"},
               {"a=-0", "a=i0|"},
               {"a=007", "a=i7|"},
               {"a=999999999999999", "a=i999999999999999|"},
               {"a=-999999999999999", "a=i-999999999999999|"},
               {"a=1.5", "a=d1500|"},
               {"a=-1.05", "a=d-1050|"},
               {"a=123456789012.125", "a=d123456789012125|"},
               {"a=\"\"", "a=s|"},
               {"a=\"x, y\"", "a=sx, y|"},
               {"a=\"\\\"\\\\\"", "a=s\"\\|"},
               {"a=tok", "a=ttok|"},
               {"a=*", "a=t*|"},
               {"a=Foo:/bar!", "a=tFoo:/bar!|"},
               {"a=:aGk=:", "a=baGk=|"},
               {"a=::", "a=b|"},
               {"a=?1", "a=B1|"},
               {"a=?0", "a=B0|"}};
  for (const Case& c : cases) EXPECT_EQ(dictionary(c.text), c.expected) << c.text;
}

TEST(Structured, items_at_fault_make_the_whole_field_invalid) {
  for (const char* item : {"",
                           "-",
                           "--1",
                           "+1",
                           "1000000000000000",
                           "1.",
                           ".5",
                           "1.2345",
                           "1234567890123.1",
                           "1..2",
                           "1a",
                           "\"",
                           "\"a",
                           "\"a\\b\"",
                           "\"a\\\"",
                           "\"\x80\"",
                           "\"\t\"",
                           "'a'",
                           ":a",
                           ":a b:",
                           ":-:",
                           "?",
                           "?2",
                           "?true",
                           "@1",
                           "(",
                           "(a",
                           "(a,b)",
                           "(\"a\"\"b\")",
                           "(a\tb)",
                           "{}",
                           "&&&"}) {
    EXPECT_EQ(dictionary("z=1, a=" + std::string(item)), "invalid") << item;
  }
}

// Section 4.2.2.
TEST(Structured, dictionaries_hold_members_by_key) {
  EXPECT_EQ(dictionary("max-age=60, no-store"), "max-age=i60|no-store=B1|");
  EXPECT_EQ(dictionary("  a=1 \t,\tb=2  "), "a=i1|b=i2|");
  EXPECT_EQ(dictionary(""), "");
  EXPECT_EQ(dictionary("  "), "");
  EXPECT_EQ(dictionary("*a.b-c_1"), "*a.b-c_1=B1|");
  EXPECT_EQ(dictionary("a=(1 \"b\"  c;x=1 );q=2, d"), "a=()|d=B1|");
  EXPECT_EQ(dictionary("a=()"), "a=()|");
  EXPECT_EQ(dictionary("a;x;y=1;  z=\"q\", b=2;p"), "a=B1|b=i2|");
}

TEST(Structured, of_a_key_given_twice_the_last_counts) {
  EXPECT_EQ(dictionary("a=1, b=2, a=3"), "b=i2|a=i3|");
  EXPECT_EQ(dictionary("a, a=?0"), "a=B0|");
}

TEST(Structured, dictionaries_at_fault_are_invalid) {
  for (const char* text : {",", "a=1,", "a=1, ", ",a", "a=1,,b", "a=1 b=2", "A=1", "1=1", "-a=1",
                           "a =1", "a= 1", "a;X", "a; ;b", "a;=1", "\ta", "=1", "a=1;b=", "a%"}) {
    EXPECT_EQ(dictionary(text), "invalid") << text;
  }
}

// Section 4.2.1.
TEST(Structured, lists_hold_items_in_order) {
  EXPECT_EQ(list("\"a\", \"b\";x,  \"a\""), "=sa|=sb|=sa|");
  EXPECT_EQ(list("a, (1 2), ?0"), "=ta|=()|=B0|");
  EXPECT_EQ(list(""), "");
  for (const char* text : {"a,", "a b", ",", "a,,b", "\"a\"\"b\""}) {
    EXPECT_EQ(list(text), "invalid") << text;
  }
}

TEST(Structured, members_are_bounded) {
  std::string text = "a";
  for (size_t i = 1; i < members_max; ++i) text += ",a";
  EXPECT_EQ(parse_list(text)->size(), members_max);
  EXPECT_FALSE(parse_list(text + ",a"));
  EXPECT_TRUE(parse_dictionary(text + ",a"));
}

TEST(Structured, several_lines_count_as_one_list) {
  WithFields parsed("CDN-Cache-Control: a=1\r\nEdge: x\r\nCDN-Cache-Control: b\r\nedge: y\r\n");
  EXPECT_EQ(joined(parsed.fields(), FieldName::cdn_cache_control), "a=1, b");
  EXPECT_EQ(joined(parsed.fields(), "cdn-cache-control"), "a=1, b");
  EXPECT_EQ(joined(parsed.fields(), "EDGE"), "x, y");
  EXPECT_EQ(joined(parsed.fields(), "none"), "");
  // A line without members makes the field invalid, as the joined text has an empty member.
  EXPECT_EQ(dictionary("a=1, "), "invalid");
}

}  // namespace
}  // namespace ringwall::http::structured
