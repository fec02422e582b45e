// cache explain against a daemon that answers what the test says.
#include <gtest/gtest.h>

#include "daemon/control/params.h"
#include "daemon/control/reports_explain.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

control::ExplainReport explained() {
  control::ExplainReport report;
  report.method = "GET";
  report.url = "http://a/x";
  report.route = "all";
  report.action = "proxy";
  report.key = "http://a/x\ncookie lang=de";
  report.plan = "collapse";
  report.settings = {{"grace", "60 s"}};
  report.outcome = "stale hit and refresh";
  report.reason = "grace";
  return report;
}

TEST(Explain, prints_a_fact_a_row) {
  control::ExplainReport report = explained();
  control::ExplainedEntry entry;
  entry.kind = "stored";
  entry.selected = true;
  entry.status = 200;
  entry.selectors = {"accept-encoding:br"};
  entry.age_at_response_s = 5;
  entry.age_s = 75;
  entry.lifetime_s = 60;
  entry.lifetime_from = "max-age";
  entry.remaining_s = -15;
  entry.use = "serve and refresh";
  entry.rule = "grace";
  report.entries = {entry, {}, {}};
  report.entries[1].kind = "fill";
  report.entries[1].why_not = "a stored response answers";
  report.entries[2].kind = "marker";
  report.entries[2].marked_s = 9;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "explain", "http://a/x", "-H", "Accept-Encoding: br", "-H",
                         "Cookie: lang=de", "--head", "--listener", "web"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const char* row :
       {"now\tstale hit and refresh (grace)\n", "key\thttp://a/x | cookie lang=de\n",
        "cache.grace\t60 s\n", "#1 stored\tselected\n", "#1 selectors\taccept-encoding:br\n",
        "#1 age\t75 = 5 when it came + 70 since\n", "#1 lifetime\t60 (max-age)\n",
        "#1 stale for\t15\n", "#1 use\tserve and refresh (grace)\n",
        "#2 fill\ta stored response answers\n", "#2 status\tno head yet\n", "#3 left\t9\n"}) {
    EXPECT_TRUE(contains(ran.out, row)) << row << ran.out;
  }
  auto params = control::read_params<control::ExplainParams>(daemon.asked().at(0));
  ASSERT_TRUE(params);
  EXPECT_EQ(params->url, "http://a/x");
  EXPECT_EQ(params->fields, (std::vector<std::string>{"Accept-Encoding: br", "Cookie: lang=de"}));
  EXPECT_TRUE(params->head);
  EXPECT_EQ(params->listener, "web");
}

TEST(Explain, says_when_nothing_answers) {
  control::ExplainReport report;
  report.method = "GET";
  report.url = "http://b/";
  report.outcome = "no route";
  FakeDaemon daemon(giving(report));
  EXPECT_EQ(ask(daemon, {"cache", "explain", "http://b/"}).out, "url\thttp://b/\nnow\tno route\n");
  EXPECT_EQ(ask(daemon, {"cache", "explain"}).code, 2);
}

}  // namespace
}  // namespace ringwall::cli
