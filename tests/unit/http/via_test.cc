#include "daemon/http/via.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

TEST(Via, names_the_version_received_and_the_pseudonym) {
  std::array<char, 64> room;
  HeadWriter out(room);
  write_via(out, 1, "ringwall");
  write_via(out, 0, "edge:80");
  EXPECT_EQ(out.text(), "Via: 1.1 ringwall\r\nVia: 1.0 edge:80\r\n");
}

TEST(Via, own_occurrences_are_counted_over_all_lines) {
  WithFields parsed(
      "Via: 1.1 ringwall, 1.0 other, HTTP/1.1 RingWall (comment)\r\nVia: 2 x, 1.1\tringwall\r\n");
  EXPECT_EQ(count_in_via(parsed.fields(), "ringwall"), 3u);
  EXPECT_EQ(count_in_via(parsed.fields(), "other"), 1u);
  EXPECT_EQ(count_in_via(parsed.fields(), "ring"), 0u);
  EXPECT_EQ(count_in_via(parsed.fields(), "comment"), 0u);
}

TEST(Via, junk_counts_as_nothing) {
  WithFields parsed("Via: ringwall, , 1.1, \"1.1 ringwall\r\n");
  EXPECT_EQ(count_in_via(parsed.fields(), "ringwall"), 0u);
  EXPECT_EQ(count_in_via(WithFields("").fields(), "ringwall"), 0u);
}

}  // namespace
}  // namespace ringwall::http
