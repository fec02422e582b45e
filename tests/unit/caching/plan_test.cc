#include "daemon/caching/plan.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

using Way = Plan::Way;
using Why = Plan::Why;

Plan of(const std::string& fields, const conf::RouteCache& settings = {}) {
  return plan(Request("GET /", fields).head, settings);
}

TEST(Plan, get_and_head_go_through_the_cache) {
  for (const char* fields :
       {"", "Cookie: a=b\r\nIf-None-Match: \"x\"\r\n", "Range: bytes=0-1\r\n",
        "If-Range: \"a\"\r\n", "Range: bytes=0-1\r\nIf-Range: \"a\"\r\n",
        "Cache-Control: max-age=5\r\n", "Cache-Control: no-cache\r\n", "Pragma: no-cache\r\n",
        "Cache-Control: max-age=0\r\n", "If-Modified-Since: x\r\n",
        "Cache-Control: only-if-cached\r\n", "Upgrade: h2c\r\n"}) {
    for (const char* request : {"GET /", "HEAD /"}) {
      Plan made = plan(Request(request, fields).head, {});
      EXPECT_EQ(made.way, Way::collapse) << fields;
      EXPECT_EQ(made.why, Why::none) << fields;
    }
  }
}

TEST(Plan, a_route_may_switch_the_cache_off) {
  conf::RouteCache off;
  off.enabled = false;
  Plan made = of("", off);
  EXPECT_EQ(made.way, Way::pass);
  EXPECT_EQ(made.why, Why::route);
}

TEST(Plan, other_methods_pass) {
  for (const char* request :
       {"POST /", "PUT /", "DELETE /", "OPTIONS /", "PATCH /", "TRACE /", "PURGE /", "get /"}) {
    Plan made = plan(Request(request).head, {});
    EXPECT_EQ(made.way, Way::pass) << request;
    EXPECT_EQ(made.why, Why::method) << request;
  }
}

TEST(Plan, what_only_the_origin_can_answer_passes_with_its_reason) {
  const std::pair<const char*, const char*> cases[] = {
      {"If-Match: \"a\"\r\n", "precondition"},
      {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "precondition"},
      {"Cache-Control: no-store\r\n", "no-store"},
      {"Content-Length: 3\r\n", "content"}};
  for (auto [fields, detail] : cases) {
    Plan made = of(fields);
    EXPECT_EQ(made.way, Way::pass) << fields;
    EXPECT_EQ(made.why, Why::request) << fields;
    EXPECT_EQ(made.detail, detail) << fields;
  }
}

// RFC 9111 section 3.5.
TEST(Plan, credentials_go_alone) {
  Plan made = of("Authorization: Basic x\r\nCache-Control: min-fresh=3\r\n");
  EXPECT_EQ(made.way, Way::alone);
  EXPECT_EQ(made.detail, "authorization");
  EXPECT_TRUE(made.authorized);
  EXPECT_EQ(made.demands.min_fresh, 3u);
  EXPECT_FALSE(of("").authorized);
}

// Section 5.2.1.
TEST(Plan, directives_of_the_request_are_demands) {
  Demands demands = of("Cache-Control: max-age=1, min-fresh=2, max-stale=3, stale-if-error=4\r\n"
                       "Cache-Control: no-cache, only-if-cached\r\n")
                        .demands;
  EXPECT_EQ(demands.max_age, 1u);
  EXPECT_EQ(demands.min_fresh, 2u);
  EXPECT_EQ(demands.max_stale, 3u);
  EXPECT_EQ(demands.stale_if_error, 4u);
  EXPECT_TRUE(demands.no_cache && demands.only_if_cached);
  EXPECT_FALSE(demands.max_stale_any || demands.no_store);
  EXPECT_TRUE(of("Cache-Control: max-stale\r\n").demands.max_stale_any);
}

// Section 5.4.
TEST(Plan, pragma_counts_without_cache_control) {
  EXPECT_TRUE(of("Pragma: no-cache\r\n").demands.no_cache);
  EXPECT_FALSE(of("Pragma: no-cache\r\nCache-Control: max-age=9\r\n").demands.no_cache);
  EXPECT_FALSE(of("Pragma: foo\r\n").demands.no_cache);
}

TEST(Plan, only_if_cached_looks_even_with_no_store) {
  Plan made = of("Cache-Control: only-if-cached, no-store\r\n");
  EXPECT_EQ(made.way, Way::collapse);
  EXPECT_TRUE(made.demands.only_if_cached);
}

TEST(Plan, a_route_may_leave_clients_no_say) {
  conf::RouteCache settings;
  settings.client_directives = false;
  for (const char* fields : {"Cache-Control: no-store\r\n", "Cache-Control: no-cache\r\n",
                             "Pragma: no-cache\r\n", "Cache-Control: only-if-cached\r\n"}) {
    Plan made = of(fields, settings);
    EXPECT_EQ(made.way, Way::collapse) << fields;
    EXPECT_FALSE(made.demands.no_cache || made.demands.no_store || made.demands.only_if_cached);
  }
  EXPECT_EQ(of("Authorization: x\r\n", settings).way, Way::alone);
  EXPECT_EQ(of("If-Match: *\r\n", settings).way, Way::pass);
}

}  // namespace
}  // namespace ringwall::caching
