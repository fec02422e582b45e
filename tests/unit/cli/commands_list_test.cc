// cache list and cache top against a daemon that answers what the test says.
#include <gtest/gtest.h>

#include "daemon/control/params.h"
#include "daemon/control/reports_list.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

control::StoredListReport one_response() {
  control::StoredReport one;
  one.url = "http://a/x";
  one.key_lines = {"cookie lang=de"};
  one.selectors = {"accept-encoding:br"};
  one.status = 200;
  one.age_s = 70;
  one.remaining_s = -10;
  one.bytes = 512;
  one.hits = 3;
  one.idle_ms = 20;
  one.origin_ms = 100;
  one.saved_ms = 300;
  return {{one}, 5, false};
}

TEST(List, is_a_row_a_response) {
  FakeDaemon daemon(giving(one_response()));
  Ran ran = ask(daemon, {"cache", "list", "--prefix", "http://a/", "--limit", "7"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "http://a/x\tcookie lang=de | accept-encoding:br\t200\t70\t-10\t512\t3\t20000\t100000\t"
            "300000\n");
  auto params = control::read_params<control::ListParams>(daemon.asked().at(0));
  ASSERT_TRUE(params);
  EXPECT_EQ(params->prefix, "http://a/");
  EXPECT_EQ(params->limit, 7u);
}

TEST(Top, passes_on_what_counts) {
  FakeDaemon daemon(giving(one_response()));
  EXPECT_EQ(ask(daemon, {"cache", "top"}).code, 0);
  EXPECT_EQ(ask(daemon, {"cache", "top", "--by", "origin-time", "--limit", "5"}).code, 0);
  EXPECT_EQ(control::read_params<control::TopParams>(daemon.asked().at(0))->by, "hits");
  EXPECT_EQ(control::read_params<control::TopParams>(daemon.asked().at(1))->by, "origin-time");
  EXPECT_EQ(control::read_params<control::TopParams>(daemon.asked().at(1))->limit, 5u);
  EXPECT_EQ(ask(daemon, {"cache", "top", "--limit", "many"}).code, 2);
}

}  // namespace
}  // namespace ringwall::cli
