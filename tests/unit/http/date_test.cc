#include "daemon/http/date.h"

#include <gtest/gtest.h>
#include <time.h>

#include <string>

namespace ringwall::http {
namespace {

constexpr base::WallSeconds example = 784111777;
constexpr base::WallSeconds in_2024 = 1704067200;

std::string written(base::WallSeconds time) {
  char out[date_bytes];
  write_date(time, out);
  return {out, date_bytes};
}

TEST(Date, the_example_of_the_rfc_is_written) {
  EXPECT_EQ(written(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(written(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(written(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(written(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Date, all_three_formats_are_read) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", in_2024), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2024), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", in_2024), example);
  EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994", in_2024), example + 10 * 86400);
}

TEST(Date, writing_agrees_with_the_system_and_reading_with_writing) {
  for (base::WallSeconds time = -3000000000; time < 40000000000; time += 86400 * 13 + 4321) {
    time_t system_time = time;
    tm parts;
    gmtime_r(&system_time, &parts);
    char expected[64];
    strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    ASSERT_EQ(written(time), expected);
    ASSERT_EQ(parse_date(expected, in_2024), time);
  }
}

TEST(Date, times_beyond_four_digit_years_are_clamped) {
  EXPECT_EQ(written(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(written(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Date, two_digit_years_lie_at_most_fifty_years_ahead) {
  auto year_of = [](const char* text) { return written(*parse_date(text, in_2024)).substr(12, 4); };
  EXPECT_EQ(year_of("Sunday, 06-Nov-24 08:49:37 GMT"), "2024");
  EXPECT_EQ(year_of("Sunday, 06-Nov-74 08:49:37 GMT"), "2074");
  EXPECT_EQ(year_of("Sunday, 06-Nov-75 08:49:37 GMT"), "1975");
  EXPECT_EQ(year_of("Sunday, 06-Nov-99 08:49:37 GMT"), "1999");
  EXPECT_EQ(year_of("Sunday, 06-Nov-00 08:49:37 GMT"), "2000");
}

TEST(Date, a_leap_second_counts_as_the_second_before) {
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", in_2024),
            parse_date("Sat, 31 Dec 2016 23:59:59 GMT", in_2024));
}

// RFC 9111 section 4.2.
TEST(Date, names_are_read_in_any_case) {
  for (const char* text : {"sun, 06 nov 1994 08:49:37 gmt", "SUNDAY, 06-NOV-94 08:49:37 GMT",
                           "sUN nOV  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_date(text, 1'700'000'000), 784111777) << text;
  }
}

TEST(Date, anything_else_is_refused) {
  for (const char* text : {"",
                           "0",
                           "-1",
                           "now",
                           "Sun",
                           "Sun,",
                           "Sun, ",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 32 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 1900 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 +0000",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "Sun,+6 Nov 1994 08:49:37 GMT",
                           "Sun,  06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994  08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37  GMT",
                           "Sun, 06 Nov 1994 08:49:37 EST",
                           "Sun, 06 Nov 1994 08:49:37.5 GMT",
                           "Sun, 06 Nov 19944 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37 UTC",
                           "Sun  Nov  6 08:49:37 1994",
                           "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_date(text, in_2024), std::nullopt) << text;
  }
  EXPECT_TRUE(parse_date("Tue, 29 Feb 2000 08:49:37 GMT", in_2024));
}

}  // namespace
}  // namespace ringwall::http
