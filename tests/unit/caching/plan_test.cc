#include "daemon/caching/plan.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

TEST(Plan, PlainGetAndHeadGoThroughTheCache) {
  EXPECT_TRUE(plan(Request("GET /").head, true).cacheable());
  EXPECT_TRUE(plan(Request("HEAD /").head, true).cacheable());
  EXPECT_TRUE(plan(Request("GET /", "Cookie: a=b\r\nIf-None-Match: \"x\"\r\n").head, true).cacheable());
  EXPECT_TRUE(plan(Request("GET /", "Cache-Control: max-age=5\r\n").head, true).cacheable());
}

TEST(Plan, ARouteMaySwitchTheCacheOff) {
  EXPECT_EQ(plan(Request("GET /").head, false).why, Plan::Why::route);
}

TEST(Plan, OtherMethodsPass) {
  for (const char* line : {"POST /", "PUT /", "DELETE /", "OPTIONS /", "PATCH /", "PURGE /"}) {
    EXPECT_EQ(plan(Request(line).head, true).why, Plan::Why::method) << line;
  }
}

TEST(Plan, WhatIsNotSupportedSafelyPassesWithItsReason) {
  struct Case {
    const char* fields;
    const char* detail;
  } cases[] = {{"Authorization: Basic x\r\n", "authorization"},
               {"Range: bytes=0-1\r\n", "range"},
               {"If-Match: \"a\"\r\n", "precondition"},
               {"If-Range: \"a\"\r\n", "precondition"},
               {"Cache-Control: no-store\r\n", "request-no-store"},
               {"Cache-Control: no-cache\r\n", "request-no-cache"},
               {"Pragma: no-cache\r\n", "request-no-cache"},
               {"Cache-Control: max-age=0\r\n", "request-max-age"},
               {"Content-Length: 3\r\n", "content"}};
  for (const Case& c : cases) {
    Plan made = plan(Request("GET /", c.fields).head, true);
    EXPECT_EQ(made.why, Plan::Why::request) << c.fields;
    EXPECT_EQ(made.detail, c.detail) << c.fields;
  }
}

}  // namespace
}  // namespace ringwall::caching
