#include "daemon/caching/preconditions.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

constexpr const char* stored =
    "Content-Type: a\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
constexpr base::WallSeconds now = 1'700'000'000;

bool matches(const std::string& fields, const char* lines = stored) {
  return not_modified(Request("GET /", fields).head.fields, lines, now);
}

TEST(Preconditions, FindsStoredFieldsInAnyCase) {
  EXPECT_EQ(stored_value(stored, "etag"), "\"v1\"");
  EXPECT_EQ(stored_value(stored, "LAST-MODIFIED"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(stored_value(stored, "etags"), "");
  EXPECT_EQ(stored_value(stored, "tag"), "");
}

TEST(Preconditions, IfNoneMatchComparesWeakly) {
  EXPECT_TRUE(matches("If-None-Match: \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: W/\"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: \"a,b\", \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: \"x\"\r\nIf-None-Match: \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: *\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v2\"\r\n"));
  EXPECT_FALSE(matches("If-None-Match: v1\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v1\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v1\"\r\n", "Content-Type: a\r\n"));
}

TEST(Preconditions, IfModifiedSinceCountsOnlyWithoutIfNoneMatch) {
  EXPECT_TRUE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_TRUE(matches("If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_FALSE(matches("If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_FALSE(matches("If-Modified-Since: yesterday\r\n"));
  EXPECT_FALSE(
      matches("If-None-Match: \"v2\"\r\nIf-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
}

TEST(Preconditions, WithoutAnyNothingMatches) {
  EXPECT_FALSE(matches(""));
}

}  // namespace
}  // namespace ringwall::caching
