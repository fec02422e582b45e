#include "daemon/http/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

static_assert(std::is_trivially_destructible_v<FieldSection>);
static_assert(std::is_trivially_copyable_v<FieldSection>);
static_assert(sizeof(Field) == 10);

TEST(FieldSection, names_and_values_are_those_of_the_head) {
  WithFields parsed("Via: 1.1 a\r\nX-Own:\t b c \t\r\nvia:1.0 b\r\nEmpty:\r\n");
  const FieldSection& fields = parsed.fields();
  ASSERT_EQ(fields.size(), 5u);
  std::vector<std::string> seen;
  for (const Field& field : fields) {
    seen.push_back(std::string(fields.name(field)) + "=" + std::string(fields.value(field)));
  }
  EXPECT_EQ(seen,
            (std::vector<std::string>{"Host=a", "Via=1.1 a", "X-Own=b c", "via=1.0 b", "Empty="}));
  EXPECT_EQ(fields.line(*fields.begin()), "Host: a");
}

TEST(FieldSection, a_name_is_found_by_enum_and_by_text) {
  WithFields parsed("Via: 1\r\nX-Own: 2\r\nvia: 3\r\n");
  const FieldSection& fields = parsed.fields();
  EXPECT_TRUE(fields.has(FieldName::via));
  EXPECT_FALSE(fields.has(FieldName::cookie));
  EXPECT_EQ(fields.count(FieldName::via), 2u);
  EXPECT_EQ(fields.count(FieldName::cookie), 0u);
  EXPECT_EQ(fields.first(FieldName::via), "1");
  EXPECT_EQ(fields.first(FieldName::cookie), std::nullopt);
  EXPECT_EQ(fields.only(FieldName::via), std::nullopt);
  EXPECT_EQ(fields.only(FieldName::host), "a");
  EXPECT_EQ(fields.first("x-own"), "2");
  EXPECT_EQ(fields.first("VIA"), "1");
  EXPECT_EQ(fields.first("x-other"), std::nullopt);
}

TEST(FieldSection, values_of_one_name_come_in_order) {
  WithFields parsed("Via: 1\r\nX-Own: 2\r\nvia: 3\r\n");
  std::vector<std::string_view> seen;
  for (std::string_view value : parsed.fields().values(FieldName::via)) seen.push_back(value);
  EXPECT_EQ(seen, (std::vector<std::string_view>{"1", "3"}));
  for (std::string_view value : parsed.fields().values(FieldName::cookie)) FAIL() << value;
}

TEST(FieldSection, follows_a_head_that_moves) {
  WithFields parsed("Via: 1\r\n");
  std::string moved = parsed.text;
  parsed.head.rebase(moved.data());
  parsed.text.assign(parsed.text.size(), '#');
  EXPECT_EQ(parsed.fields().first(FieldName::via), "1");
  EXPECT_EQ(parsed.head.target.host, "a");
  EXPECT_EQ(parsed.head.target.path, "/");
  EXPECT_EQ(parsed.head.method_text, "GET");
}

TEST(FieldSection, takes_no_more_than_its_room) {
  FieldSection fields;
  fields.reset("ab");
  for (size_t i = 0; i < base::fields_max; ++i) {
    EXPECT_TRUE(fields.add({0, 1, 1, 1, FieldName::other}));
  }
  EXPECT_FALSE(fields.add({0, 1, 1, 1, FieldName::host}));
  EXPECT_EQ(fields.size(), base::fields_max);
  EXPECT_FALSE(fields.has(FieldName::host));
}

}  // namespace
}  // namespace ringwall::http
