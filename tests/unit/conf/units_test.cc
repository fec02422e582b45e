#include "conf/units.h"

#include <gtest/gtest.h>

namespace ringwall::conf {
namespace {

using namespace std::chrono_literals;

/// The duration in nanoseconds, or the message and hint.
std::string duration(std::string_view text) {
  auto parsed = parse_duration(text);
  if (parsed) return std::to_string(parsed->count());
  return parsed.error().message + " → " + parsed.error().hint;
}

std::string size(std::string_view text) {
  auto parsed = parse_size(text);
  if (parsed) return std::to_string(*parsed);
  return parsed.error().message + " → " + parsed.error().hint;
}

TEST(units, durations_have_units) {
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("7us").value(), 7us);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms6us").value(), 24h + 2h + 3min + 4s + 5ms + 6us);
  EXPECT_EQ(parse_duration("0").value(), 0s);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
}

TEST(units, a_bad_duration_gets_the_nearest_good_one) {
  EXPECT_EQ(duration("10"), "no unit → 10s");
  EXPECT_EQ(duration("10sec"), "unknown unit \"sec\" → 10s");
  EXPECT_EQ(duration("10 s"), "unknown unit \" s\" → 10s");
  EXPECT_EQ(duration("10S"), "unknown unit \"S\" → 10s");
  EXPECT_EQ(duration("5msec"), "unknown unit \"msec\" → 5ms");
  EXPECT_EQ(duration("2hours"), "unknown unit \"hours\" → 2h");
  EXPECT_EQ(duration("3x"), "unknown unit \"x\" → ");
  EXPECT_EQ(duration(""), "no whole number before the unit → ");
  EXPECT_EQ(duration("s"), "no whole number before the unit → ");
  EXPECT_EQ(duration("-1s"), "no whole number before the unit → ");
  EXPECT_EQ(duration("1.5s"), "unknown unit \".\" → ");
}

TEST(units, units_of_a_duration_go_from_large_to_small) {
  EXPECT_EQ(duration("30m1h"), "more than one unit, or not from large to small → ");
  EXPECT_EQ(duration("1s1s"), "more than one unit, or not from large to small → ");
  EXPECT_EQ(duration("1h30"), "no unit → 1h30s");
}

TEST(units, durations_do_not_overflow) {
  EXPECT_EQ(duration("106751d"), "9223286400000000000");
  EXPECT_EQ(duration("106752d"), "too large → ");
  EXPECT_EQ(duration("99999999999999999999s"), "too large → ");
  EXPECT_EQ(duration("106751d24h"), "too large → ");
}

TEST(units, sizes_are_powers_of_1024_or_1000_as_their_unit_says) {
  EXPECT_EQ(size("4096B"), "4096");
  EXPECT_EQ(size("10kB"), "10000");
  EXPECT_EQ(size("10KiB"), "10240");
  EXPECT_EQ(size("64MiB"), "67108864");
  EXPECT_EQ(size("2GiB"), "2147483648");
  EXPECT_EQ(size("1TB"), "1000000000000");
  EXPECT_EQ(size("0"), "0");
}

TEST(units, a_bad_size_gets_the_nearest_good_one) {
  EXPECT_EQ(size("64"), "no unit → 64MiB");
  EXPECT_EQ(size("64mb"), "unknown unit \"mb\" → 64MB");
  EXPECT_EQ(size("64M"), "unknown unit \"M\" → 64MiB");
  EXPECT_EQ(size("64mib"), "unknown unit \"mib\" → 64MiB");
  EXPECT_EQ(size("2 GiB"), "unknown unit \" GiB\" → 2GiB");
  EXPECT_EQ(size("1GiB1MiB"), "more than one unit, or not from large to small → ");
  EXPECT_EQ(size("16777216TiB"), "too large → ");
}

TEST(units, what_is_printed_reads_back_as_the_same) {
  for (auto d : {0ns, 1000ns, 1500us + 0ns, 90s + 0ns, 24h + 0ns, 3601s + 7ms + 0ns}) {
    EXPECT_EQ(parse_duration(duration_text(d)).value(), d);
  }
  EXPECT_EQ(duration_text(90min), "1h30m");
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{1024}, uint64_t{65535},
                         uint64_t{3} << 30}) {
    EXPECT_EQ(parse_size(size_text(bytes)).value(), bytes);
  }
  EXPECT_EQ(size_text(uint64_t{3} << 30), "3GiB");
}

}  // namespace
}  // namespace ringwall::conf
