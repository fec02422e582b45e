#include "daemon/http/range.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwall::http {
namespace {

/// What a Range selects of `length` bytes: "0-1 5-9", "416", "whole", or "ignored".
std::string selected(std::string_view value, uint64_t length) {
  auto set = parse_range(value);
  if (!set) return "ignored";
  Resolved resolved = resolve(*set, length);
  if (resolved.whole) return "whole";
  if (resolved.selected.count == 0) return "416";
  std::string out;
  for (size_t i = 0; i < resolved.selected.count; ++i) {
    const ByteRange& range = resolved.selected.ranges[i];
    if (i > 0) out += " ";
    out += std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return out;
}

// RFC 9110 section 14.1.2, its examples on 10000 bytes and more.
TEST(Range, each_form_selects_its_bytes) {
  struct Case {
    const char* value;
    const char* expected;
  } cases[] = {{"bytes=0-499", "0-499"},
               {"bytes=500-999", "500-999"},
               {"bytes=-500", "9500-9999"},
               {"bytes=9500-", "9500-9999"},
               {"bytes=0-0,-1", "0-0 9999-9999"},
               {"bytes= 0-999, 4500-5499, -1000", "0-999 4500-5499 9000-9999"},
               {"bytes=0-", "0-9999"},
               {"BYTES=0-0", "0-0"},
               {"bytes=0-99999", "0-9999"},
               {"bytes=-99999", "0-9999"},
               {"bytes=,0-0 ,, ", "0-0"},
               {"bytes=00005-0005", "5-5"},
               {"bytes=9999-", "9999-9999"},
               {"bytes=5-99999999999999999999999", "5-9999"},
               {"bytes=-99999999999999999999999", "0-9999"}};
  for (const Case& c : cases) EXPECT_EQ(selected(c.value, 10000), c.expected) << c.value;
}

TEST(Range, what_lies_behind_the_end_is_not_satisfiable) {
  for (const char* value : {"bytes=10000-", "bytes=10000-10001", "bytes=-0",
                            "bytes=99999999999999999999999-", "bytes=10000-,-0"}) {
    EXPECT_EQ(selected(value, 10000), "416") << value;
  }
  EXPECT_EQ(selected("bytes=20000-,0-1", 10000), "0-1");
}

// Section 14.2: a server may ignore Range, and must where it is invalid or of another unit.
TEST(Range, what_is_malformed_is_ignored) {
  for (const char* value : {"",
                            "bytes",
                            "bytes=",
                            "bytes= ,",
                            "bytes=-",
                            "bytes=a-b",
                            "bytes=1",
                            "bytes=5-4",
                            "bytes=1-2-3",
                            "bytes=--1",
                            "bytes=+1-2",
                            "bytes=1 - 2",
                            "bytes=0-1;",
                            "bytes 0-1",
                            "bytes =0-1",
                            "items=0-1",
                            "byte=0-1",
                            "bytes=0-1,x",
                            "bytes=0x1-2",
                            "bytes=1.0-2",
                            "bytes=\"0-1\"",
                            " bytes=0-1"}) {
    EXPECT_EQ(selected(value, 10000), "ignored") << value;
  }
}

TEST(Range, more_than_the_limit_is_ignored) {
  std::string value = "bytes=0-0";
  for (size_t i = 1; i < ranges_max; ++i) value += "," + std::to_string(i * 200) + "-";
  EXPECT_NE(selected(value, 10000), "ignored");
  EXPECT_EQ(selected(value + ",1-1", 10000), "ignored");
}

TEST(Range, neighbours_in_order_are_joined) {
  EXPECT_EQ(selected("bytes=0-9,10-19", 10000), "0-19");
  EXPECT_EQ(selected("bytes=0-9,5-19", 10000), "0-19");
  EXPECT_EQ(selected("bytes=0-9,2-3", 10000), "0-9");
  EXPECT_EQ(selected("bytes=0-9,90-99", 10000), "0-99");
  EXPECT_EQ(selected("bytes=0-9,91-99", 10000), "0-9 91-99");
  EXPECT_EQ(selected("bytes=0-,0-", 10000), "0-9999");
}

TEST(Range, the_order_asked_for_is_kept_where_it_costs_nothing) {
  EXPECT_EQ(selected("bytes=500-599,0-99", 10000), "500-599 0-99");
  EXPECT_EQ(selected("bytes=500-599,490-499", 10000), "500-599 490-499");
}

// Section 17.15: ranges that overlap in any other order are an attack or a broken client.
TEST(Range, overlaps_out_of_order_give_the_whole) {
  EXPECT_EQ(selected("bytes=500-599,0-500", 10000), "whole");
  EXPECT_EQ(selected("bytes=1000-2000,0-50,40-1500", 10000), "whole");
  EXPECT_EQ(selected("bytes=-1,0-", 10000), "whole");
}

TEST(Range, nothing_of_nothing_is_satisfiable_but_a_suffix) {
  EXPECT_EQ(selected("bytes=0-", 0), "416");
  EXPECT_EQ(selected("bytes=-0", 0), "416");
  EXPECT_EQ(selected("bytes=-5", 0), "whole");
}

TEST(Range, lengths_near_the_limit_of_the_type_do_not_wrap) {
  EXPECT_EQ(selected("bytes=-1", UINT64_MAX), "18446744073709551614-18446744073709551614");
  EXPECT_EQ(selected("bytes=0-5,18446744073709551600-", UINT64_MAX),
            "0-5 18446744073709551600-18446744073709551614");
}

// Section 14.4.
TEST(Range, content_range_is_read_strictly) {
  auto range = parse_content_range("bytes 0-99/1000");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->range, (ByteRange{0, 99}));
  EXPECT_EQ(range->complete_length, 1000u);
  range = parse_content_range("Bytes 42-1233/*");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->range.length(), 1192u);
  EXPECT_FALSE(range->complete_length);
  for (const char* value :
       {"", "bytes", "bytes 0-99", "bytes 0-99/", "bytes */1000", "bytes 5-4/10", "bytes 0-10/10",
        "bytes=0-9/10", "bytes  0-9/10", "bytes 0-9/10 ", "bytes 0 -9/10", "bytes -9/10",
        "bytes 0-/10", "items 0-9/10", "bytes 0-9/x", "bytes 0-99999999999999999999/*",
        "bytes 0-18446744073709551615/*"}) {
    EXPECT_FALSE(parse_content_range(value)) << value;
  }
}

TEST(Range, content_range_is_written) {
  char room[200];
  HeadWriter writer{std::span<char>(room)};
  write_content_range(writer, {0, 99}, 1000);
  write_unsatisfied_range(writer, 1000);
  EXPECT_EQ(writer.text(), "Content-Range: bytes 0-99/1000\r\nContent-Range: bytes */1000\r\n");
}

}  // namespace
}  // namespace ringwall::http
