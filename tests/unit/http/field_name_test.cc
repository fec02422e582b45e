#include "daemon/http/field_name.h"

#include <gtest/gtest.h>

#include <string>

#include "daemon/base/text.h"

namespace ringwall::http {
namespace {

TEST(FieldName, every_name_is_recognised_in_any_case) {
  for (unsigned i = 1; i < field_names; ++i) {
    auto name = static_cast<FieldName>(i);
    std::string text(text_of(name));
    EXPECT_EQ(recognise(text), name) << text;
    EXPECT_EQ(recognise(base::to_lower(text)), name) << text;
    std::string upper = text;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    EXPECT_EQ(recognise(upper), name) << upper;
  }
}

TEST(FieldName, a_text_that_differs_in_any_bit_but_case_is_other) {
  for (unsigned i = 1; i < field_names; ++i) {
    std::string text(text_of(static_cast<FieldName>(i)));
    for (size_t at = 0; at < text.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string changed = text;
        changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
        bool only_case = base::equal_ignoring_case(changed, text);
        EXPECT_EQ(recognise(changed) != FieldName::other, only_case) << changed;
      }
    }
    EXPECT_EQ(recognise(text + "x"), FieldName::other);
    EXPECT_EQ(recognise(text.substr(0, text.size() - 1)), FieldName::other) << text;
  }
}

TEST(FieldName, empty_and_very_long_names_are_other) {
  EXPECT_EQ(recognise(""), FieldName::other);
  EXPECT_EQ(recognise("a"), FieldName::other);
  EXPECT_EQ(recognise(std::string(60000, 'a')), FieldName::other);
}

TEST(FieldName, the_spelling_is_the_usual_one) {
  EXPECT_EQ(text_of(FieldName::host), "Host");
  EXPECT_EQ(text_of(FieldName::te), "TE");
  EXPECT_EQ(text_of(FieldName::etag), "ETag");
  EXPECT_EQ(text_of(FieldName::x_forwarded_for), "X-Forwarded-For");
  EXPECT_EQ(text_of(FieldName::cdn_cache_control), "CDN-Cache-Control");
  EXPECT_EQ(text_of(FieldName::www_authenticate), "WWW-Authenticate");
}

TEST(FieldMask, holds_what_was_added) {
  constexpr FieldMask mask = {FieldName::host, FieldName::www_authenticate};
  EXPECT_TRUE(mask.has(FieldName::host) && mask.has(FieldName::www_authenticate));
  EXPECT_FALSE(mask.has(FieldName::other) || mask.has(FieldName::via));
  EXPECT_TRUE(mask.intersects({FieldName::host, FieldName::via}));
  EXPECT_FALSE(mask.intersects({FieldName::via}));
  EXPECT_TRUE((mask | FieldMask{FieldName::via}).has(FieldName::via));
}

}  // namespace
}  // namespace ringwall::http
