#include "daemon/http/entity_tag.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringwall::http {
namespace {

using Tags = std::vector<std::string>;

Tags tags_of(std::string_view list) {
  Tags out;
  EntityTags tags(list);
  while (auto tag = tags.next()) out.emplace_back(*tag);
  return out;
}

TEST(EntityTag, is_one_quoted_opaque_text) {
  for (const char* text : {"\"\"", "\"a\"", "W/\"a\"", "\"a,b\"", "\"\\\"", "\"\xc3\xa4\"", "\"!\"",
                           "\"W/\"", "W/\"\""}) {
    EXPECT_TRUE(is_entity_tag(text)) << text;
  }
  for (const char* text :
       {"", "a", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "W\"a\"", "W/ \"a\"", "\"a b\"", "\"a\tb\"",
        "\"a\"b", "\"a\"\"b\"", "'a'", "*", " \"a\"", "\"\x7f\""}) {
    EXPECT_FALSE(is_entity_tag(text)) << text;
  }
}

// RFC 9110 section 8.8.3.2, its table.
TEST(EntityTag, compares_strongly_and_weakly) {
  struct Case {
    const char* a;
    const char* b;
    bool strong;
    bool weak;
  } cases[] = {{"W/\"1\"", "W/\"1\"", false, true},
               {"W/\"1\"", "W/\"2\"", false, false},
               {"W/\"1\"", "\"1\"", false, true},
               {"\"1\"", "\"1\"", true, true},
               {"\"a\"", "\"A\"", false, false}};
  for (const Case& c : cases) {
    EXPECT_EQ(strongly_equal(c.a, c.b), c.strong) << c.a << c.b;
    EXPECT_EQ(weakly_equal(c.a, c.b), c.weak) << c.a << c.b;
    EXPECT_EQ(weakly_equal(c.b, c.a), c.weak) << c.a << c.b;
  }
}

TEST(EntityTag, lists_are_read_element_by_element) {
  EXPECT_EQ(tags_of("\"a\", W/\"b\" ,,\"c,d\"\t,"), (Tags{"\"a\"", "W/\"b\"", "\"c,d\""}));
  EXPECT_EQ(tags_of("\"a\",\"b\""), (Tags{"\"a\"", "\"b\""}));
  EXPECT_EQ(tags_of(""), Tags());
  EXPECT_EQ(tags_of(" , ,"), Tags());
}

TEST(EntityTag, a_malformed_list_ends_before_the_fault) {
  EXPECT_EQ(tags_of("\"a\", b, \"c\""), (Tags{"\"a\""}));
  EXPECT_EQ(tags_of("\"a\" \"b\""), Tags());
  EXPECT_EQ(tags_of("\"a\"x"), Tags());
  EXPECT_EQ(tags_of("\"a"), Tags());
  EXPECT_EQ(tags_of("*"), Tags());
  EXPECT_EQ(tags_of("\"a\", *"), (Tags{"\"a\""}));
}

}  // namespace
}  // namespace ringwall::http
