#include "daemon/caching/preconditions.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

constexpr const char* stored =
    "Content-Type: a\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
constexpr base::WallSeconds now = 1'700'000'000;

bool matches(const std::string& fields, const std::string& lines = stored) {
  return not_modified(Request("GET /", fields).head.fields, lines, now);
}

bool part_will_do(const std::string& if_range, const std::string& lines = stored) {
  return if_range_holds(Request("GET /", line("If-Range", if_range)).head.fields, lines, now);
}

TEST(Preconditions, stored_fields_are_found_in_any_case) {
  EXPECT_EQ(stored_value(stored, "etag"), "\"v1\"");
  EXPECT_EQ(stored_value(stored, "LAST-MODIFIED"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(stored_value(stored, "etags"), "");
  EXPECT_EQ(stored_value(stored, "tag"), "");
  EXPECT_EQ(stored_value("", "etag"), "");
}

// RFC 9110 section 13.1.2.
TEST(Preconditions, if_none_match_compares_weakly) {
  EXPECT_TRUE(matches("If-None-Match: \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: W/\"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: \"v1\"\r\n", "ETag: W/\"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: \"a,b\", \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: \"x\"\r\nIf-None-Match: \"v1\"\r\n"));
  EXPECT_TRUE(matches("If-None-Match: *\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v2\"\r\n"));
  EXPECT_FALSE(matches("If-None-Match: v1\r\n"));
  EXPECT_FALSE(matches("If-None-Match: w/\"v1\"\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v1\r\n"));
  EXPECT_FALSE(matches("If-None-Match: \"v1\"\r\n", "Content-Type: a\r\n"));
  EXPECT_FALSE(matches("If-None-Match: v1\r\n", "ETag: v1\r\n"));
}

// RFC 9110 section 13.1.3.
TEST(Preconditions, if_modified_since_counts_only_without_if_none_match) {
  EXPECT_TRUE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_TRUE(matches("If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_TRUE(matches("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n"));
  EXPECT_FALSE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n"));
  EXPECT_FALSE(matches("If-Modified-Since: yesterday\r\n"));
  EXPECT_FALSE(matches("If-Modified-Since: Mon, 07 Nov 1994 08:49:37 UTC\r\n"));
  EXPECT_FALSE(
      matches("If-None-Match: \"v2\"\r\nIf-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT\r\n"));
}

// RFC 9111 section 4.3.2.
TEST(Preconditions, date_stands_in_for_a_missing_last_modified) {
  std::string dated = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  EXPECT_TRUE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", dated));
  EXPECT_FALSE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", dated));
  EXPECT_FALSE(matches("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "A: b\r\n"));
}

TEST(Preconditions, without_any_nothing_matches) {
  EXPECT_FALSE(matches(""));
  EXPECT_TRUE(takes_preconditions(200));
  EXPECT_FALSE(takes_preconditions(404) || takes_preconditions(301));
}

// RFC 9110 section 13.1.5.
TEST(Preconditions, if_range_compares_strongly) {
  EXPECT_TRUE(part_will_do(""));
  EXPECT_TRUE(part_will_do("\"v1\""));
  EXPECT_FALSE(part_will_do("\"v2\""));
  EXPECT_FALSE(part_will_do("W/\"v1\""));
  EXPECT_FALSE(part_will_do("W/\"v1\"", "ETag: W/\"v1\"\r\n"));
  EXPECT_FALSE(part_will_do("\"v1\"", "ETag: W/\"v1\"\r\n"));
  EXPECT_FALSE(part_will_do("\"v1\", \"v2\""));
  EXPECT_FALSE(part_will_do("v1"));
  EXPECT_FALSE(part_will_do("*"));
}

TEST(Preconditions, if_range_takes_exactly_a_strong_date) {
  EXPECT_TRUE(part_will_do("Sun, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_FALSE(part_will_do("Sun, 06 Nov 1994 08:49:36 GMT"));
  EXPECT_FALSE(part_will_do("Sun, 06 Nov 1994 08:49:38 GMT"));
  EXPECT_FALSE(part_will_do("yesterday"));
  // Section 8.8.2.2: changed in the second in which it was sent, or nobody knows when that was.
  std::string modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  EXPECT_FALSE(part_will_do("Sun, 06 Nov 1994 08:49:37 GMT",
                            modified + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_FALSE(part_will_do("Sun, 06 Nov 1994 08:49:37 GMT", modified));
}

TEST(Preconditions, two_if_range_are_none_that_holds) {
  Request request("GET /", "If-Range: \"v1\"\r\nIf-Range: \"v1\"\r\n");
  EXPECT_FALSE(if_range_holds(request.head.fields, stored, now));
}

}  // namespace
}  // namespace ringwall::caching
