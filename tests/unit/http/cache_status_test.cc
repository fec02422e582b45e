#include "daemon/http/cache_status.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ringwall::http {
namespace {

std::string written(const CacheStatus& status, std::string_view cache = "ringwall") {
  std::array<char, 256> room;
  HeadWriter out(room);
  write_cache_status(out, cache, status);
  EXPECT_TRUE(out.ok());
  return std::string(out.text());
}

TEST(CacheStatus, a_hit_tells_its_remaining_lifetime) {
  CacheStatus status;
  status.hit = true;
  status.has_ttl = true;
  status.ttl = 376;
  EXPECT_EQ(written(status), "Cache-Status: ringwall; hit; ttl=376\r\n");
  status.ttl = -5;
  EXPECT_EQ(written(status), "Cache-Status: ringwall; hit; ttl=-5\r\n");
  status.ttl = INT64_MIN;
  EXPECT_EQ(written(status), "Cache-Status: ringwall; hit; ttl=-9223372036854775808\r\n");
}

TEST(CacheStatus, a_forwarded_request_tells_why_and_what_came_of_it) {
  CacheStatus status;
  status.forward = CacheStatus::Forward::uri_miss;
  status.forward_status = 200;
  status.stored = true;
  status.collapsed = true;
  EXPECT_EQ(written(status),
            "Cache-Status: ringwall; fwd=uri-miss; fwd-status=200; stored; collapsed\r\n");
}

TEST(CacheStatus, names_and_details_that_are_no_tokens_are_strings) {
  CacheStatus status;
  status.detail = "a \"b\"\\\r\n\xc3\xa9";
  status.key = "k";
  EXPECT_EQ(written(status, "edge 1"),
            "Cache-Status: \"edge 1\"; key=\"k\"; detail=\"a \\\"b\\\"\\\\\"\r\n");
  status.key = {};
  status.detail = "no-room";
  EXPECT_EQ(written(status, "edge.example:80"),
            "Cache-Status: edge.example:80; detail=no-room\r\n");
  EXPECT_EQ(written(CacheStatus(), "1st"), "Cache-Status: \"1st\"\r\n");
}

TEST(CacheStatus, reasons_are_spelled_as_in_rfc_9211) {
  EXPECT_EQ(text_of(CacheStatus::Forward::none), "");
  EXPECT_EQ(text_of(CacheStatus::Forward::vary_miss), "vary-miss");
  EXPECT_EQ(text_of(CacheStatus::Forward::partial), "partial");
}

}  // namespace
}  // namespace ringwall::http
