#include "cli/units.h"

#include <gtest/gtest.h>

namespace ringwall::cli {
namespace {

TEST(Units, bytes_have_one_decimal_and_never_four_digits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(uint64_t{2} << 30), "2.0 GiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Units, durations_have_at_most_two_units) {
  EXPECT_EQ(human_seconds(-5), "0 s");
  EXPECT_EQ(human_seconds(59), "59 s");
  EXPECT_EQ(human_seconds(723), "12 min 3 s");
  EXPECT_EQ(human_seconds(12000), "3 h 20 min");
  EXPECT_EQ(human_seconds(86400 * 12 + 4 * 3600), "12 d 4 h");
  EXPECT_EQ(human_microseconds(850), "850 us");
  EXPECT_EQ(human_microseconds(12'300), "12.3 ms");
  EXPECT_EQ(human_microseconds(4'500'000), "4.50 s");
}

TEST(Units, nouns_agree_with_their_count) {
  EXPECT_EQ(counted(0, "worker"), "0 workers");
  EXPECT_EQ(counted(1, "worker"), "1 worker");
  EXPECT_EQ(counted(2, "worker"), "2 workers");
}

}  // namespace
}  // namespace ringwall::cli
