// cache stats against a daemon that answers what the test says.
#include <gtest/gtest.h>

#include "daemon/control/reports_stats.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

TEST(CacheStats, are_routes_reasons_and_what_was_stored) {
  control::CacheStatsReport report;
  report.now = 1000;
  report.started_at = 940;
  report.routes.resize(1);
  report.routes[0].route = "shop";
  report.routes[0].requests = 8;
  report.routes[0].hits = 5;
  report.routes[0].misses = 3;
  report.routes[0].hit_ratio = 0.625;
  report.routes[0].byte_hit_ratio = 0.5;
  report.all = report.routes[0];
  report.reasons = {{"uri-miss", 2}, {"stale", 1}};
  report.evictions = 7;
  report.evicted_unused = 2;
  report.evicted_unused_ratio = 0.4;
  report.evicted_idle_mean_s = 90.4;
  report.evicted_stored_mean_s = 120;
  report.evicted_idle = {{60, 4}, {std::nullopt, 1}};
  report.returned = 3;
  report.eviction_age_s = 33.2;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "stats"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "shop\t8\t5\t0\t0\t3\t0\t0\t0\t0\t62.5\t50.0\n")) << ran.out;
  EXPECT_TRUE(contains(ran.out, "all\t8\t5\t0\t0\t3\t0\t0\t0\t0\t62.5\t50.0\n"));
  EXPECT_TRUE(contains(ran.out, "\nuri-miss\t2\nstale\t1\n"));
  EXPECT_TRUE(contains(ran.out, "evicted\t7\n"));
  EXPECT_TRUE(contains(ran.out, "evicted unused\t2\nevicted unused %\t40.0\n"));
  EXPECT_TRUE(contains(ran.out, "evicted after, idle\t90\nevicted after, stored\t120\n"));
  EXPECT_TRUE(contains(ran.out, "eviction age now\t33\nstored again soon\t3\n"));
  EXPECT_TRUE(contains(ran.out, "\n60\t4\nlonger\t1\n"));
  EXPECT_TRUE(contains(ran.out, "counted for\t60\n"));
  EXPECT_EQ(daemon.asked().at(0).method, "cache.stats");
}

TEST(CacheStats, say_nothing_of_ages_where_nothing_was_evicted) {
  control::CacheStatsReport report;
  report.evicted_idle = {{60, 0}, {std::nullopt, 0}};
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "stats"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "eviction age now\t-\n")) << ran.out;
  EXPECT_FALSE(contains(ran.out, "longer"));
}

}  // namespace
}  // namespace ringwall::cli
