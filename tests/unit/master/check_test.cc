// A shell plays the checker: what a check makes of how it ends.
#include "daemon/master/check.h"

#include <csignal>

#include "tests/unit/io/support.h"

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;
using Verdict = Check::Verdict;

class CheckTest : public io::LoopTest {
 protected:
  io::Task<void> run_into(Check& check, CheckRun run) {
    check = co_await run_check(loop(), std::move(run), stop_);
  }
  io::Task<void> stop_soon() {
    co_await io::YieldTurn();
    stop_.request();
  }
  Check check(const std::string& script, base::Duration limit = 60s) {
    CheckRun run;
    run.path = "/bin/sh";
    run.arguments = {"sh", "-c", script};
    run.heritage.doorbells.fill(-1);
    run.limit = limit;
    Check check;
    LoopTest::run(run_into(check, std::move(run)));
    return check;
  }

  io::Stop stop_;
};

TEST_F(CheckTest, one_that_dies_of_a_fault_has_met_damage) {
  for (const char* signal : {"SEGV", "BUS", "ABRT", "ILL", "FPE"}) {
    Check ended = check(std::string("ulimit -c 0; kill -") + signal + " $$");
    EXPECT_EQ(ended.verdict, Verdict::damaged) << signal;
    EXPECT_NE(ended.text().find("died of what it met: signal"), std::string::npos) << ended.text();
  }
}

TEST_F(CheckTest, one_that_goes_on_and_on_has_met_damage_and_is_gone) {
  Check ended = check("exec sleep 1000", 200ms);
  EXPECT_EQ(ended.verdict, Verdict::damaged);
  EXPECT_EQ(ended.text(), "the check did not come to an end within 200 ms");
}

TEST_F(CheckTest, one_that_stands_still_is_gone_too) {
  EXPECT_EQ(check("kill -STOP $$", 200ms).verdict, Verdict::damaged);
}

TEST_F(CheckTest, one_that_others_killed_or_that_told_nothing_decides_nothing) {
  for (const char* script : {"kill -KILL $$", "kill -TERM $$", "exit 0", "exit 3"}) {
    Check ended = check(script);
    EXPECT_EQ(ended.verdict, Verdict::undecided) << script;
    EXPECT_FALSE(ended.text().empty());
    EXPECT_FALSE(ended.held);
  }
}

TEST_F(CheckTest, a_stop_ends_it_undecided) {
  start(stop_soon());
  EXPECT_EQ(check("exec sleep 1000").verdict, Verdict::undecided);
}

TEST_F(CheckTest, a_limit_grows_with_the_cache) {
  EXPECT_EQ(check_limit(0), 30s);
  EXPECT_EQ(check_limit(uint64_t{100} << 30), 1030s);
}

TEST_F(CheckTest, the_first_findings_make_a_line) {
  Check many;
  for (int n = 1; n <= 7; ++n) many.findings.push_back(std::to_string(n));
  EXPECT_EQ(many.text(), "1; 2; 3; 4; 5; and more");
  many.findings.resize(2);
  EXPECT_EQ(many.text(), "1; 2");
}

}  // namespace
}  // namespace ringwall::master
