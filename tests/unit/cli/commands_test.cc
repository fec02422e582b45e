// The built program against a daemon that answers what the test says.
#include "cli/commands.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "conf/load.h"
#include "daemon/control/params.h"
#include "daemon/control/reports.h"
#include "daemon/control/reports_cache.h"
#include "daemon/control/reports_serving.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

using control::Json;
using control::Outcome;
using control::Request;
using control::RpcError;

TEST(Commands, status_shows_facts_line_by_line) {
  control::StatusReport report;
  report.version = "9.9";
  report.state = "serving";
  report.generation = 7;
  report.listeners = {{"web", "[::]:80"}};
  report.cache_bytes = 2048;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"status"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "state\tserving\n"));
  EXPECT_TRUE(contains(ran.out, "generation\t7\n"));
  EXPECT_TRUE(contains(ran.out, "listener\tweb [::]:80\n"));
  EXPECT_TRUE(contains(ran.out, "cache\t2048\n"));
  ASSERT_EQ(daemon.asked().size(), 1u);
  EXPECT_EQ(daemon.asked()[0].method, "status");
}

TEST(Commands, json_is_the_report_as_the_daemon_gave_it) {
  FakeDaemon daemon([](const Request& request) {
    return control::result_text(request.id, {{"workers", Json::array()}, {"newer", 1}});
  });
  Ran ran = ask(daemon, {"worker", "list", "--json"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(Json::parse(ran.out, nullptr, false)["newer"], 1);
}

TEST(Commands, a_reload_tells_what_each_process_said) {
  control::ReloadReport report;
  report.result = "done";
  report.generation = 3;
  report.listeners_added = {"extra"};
  report.answers = {{"worker 0", 100, "committed"}, {"prober", 101, "committed"}};
  FakeDaemon daemon([report](const Request& request) {
    return control::progress_text(request.id, "worker 0 has prepared") +
           control::result_text(request.id, control::encode(report));
  });
  Ran ran = ask(daemon, {"reload", "--verbose"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(contains(ran.out, "generation 3 is in force"));
  EXPECT_TRUE(contains(ran.out, "listener added: extra"));
  EXPECT_TRUE(contains(ran.out, "worker 0\t100\tcommitted\n"));
  EXPECT_TRUE(contains(ran.err, "worker 0 has prepared\n"));
  EXPECT_EQ(ask(daemon, {"reload"}).err, "") << "steps are shown when somebody looks";
}

TEST(Commands, a_reload_in_part_has_an_exit_code_of_its_own) {
  control::ReloadReport report;
  report.result = "partly";
  report.needs_restart = {"cache.size"};
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"reload"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_TRUE(contains(ran.out, "cache.size"));
  EXPECT_EQ(ask(daemon, {"reload", "--json"}).code, 7);
}

TEST(Commands, a_refused_reload_shows_every_error_and_that_nothing_changed) {
  control::ReloadReport report;
  report.result = "refused";
  report.generation = 2;
  report.errors = {"a.toml:1:1: first", "a.toml:2:1: second"};
  FakeDaemon daemon(
      refusing({Outcome::config_invalid, "the config is invalid", control::encode(report)}));
  Ran ran = ask(daemon, {"reload"});
  EXPECT_EQ(ran.code, 6);
  EXPECT_TRUE(contains(ran.out, "a.toml:1:1: first\na.toml:2:1: second\n"));
  EXPECT_TRUE(contains(ran.out, "generation 2 stays in force"));
  EXPECT_TRUE(contains(ran.err, "the config is invalid"));
  Ran json = ask(daemon, {"reload", "--json"});
  EXPECT_EQ(json.code, 6);
  Json read = Json::parse(json.out, nullptr, false);
  EXPECT_EQ(read["error"]["code"], 6);
  EXPECT_EQ(read["error"]["data"]["errors"].size(), 2u);
}

TEST(Commands, each_error_becomes_its_exit_code) {
  for (const control::OutcomeRow& row : control::outcomes()) {
    if (row.outcome == Outcome::done) continue;
    FakeDaemon daemon(refusing({row.outcome, "for a reason"}));
    Ran ran = ask(daemon, {"cache", "purge", "--all"});
    EXPECT_EQ(ran.code, static_cast<int>(row.outcome));
    EXPECT_EQ(ran.err, "ringwallctl: for a reason\n");
  }
  FakeDaemon daemon(refusing({control::rpc_invalid_params, "no such parameter"}));
  EXPECT_EQ(ask(daemon, {"status"}).code, 2);
}

TEST(Commands, draining_says_the_change_and_passes_the_wait_on) {
  control::BackendChangeReport report{"app", "10.0.0.1:80", "ready", "drain", true, 3};
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"backend", "drain", "app/10.0.0.1:80", "--wait", "--timeout", "2.5"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "app/10.0.0.1:80: ready -> drain, 3 requests in flight\n");
  auto params = control::read_params<control::DrainParams>(daemon.asked().at(0));
  ASSERT_TRUE(params);
  EXPECT_EQ(params->backend, "app/10.0.0.1:80");
  EXPECT_TRUE(params->wait);
  EXPECT_EQ(params->timeout_ms, 2500u);
}

TEST(Commands, a_backend_that_is_ready_already_is_said_to_be) {
  control::BackendChangeReport report{"app", "a:1", "ready", "ready", false, 1};
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"backend", "ready", "a:1"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "app/a:1: ready already, 1 request in flight; nothing was changed\n");
}

TEST(Commands, lists_are_tab_separated_in_a_pipe) {
  control::BackendListReport report;
  report.backends.resize(1);
  report.backends[0].upstream = "app";
  report.backends[0].backend = "a:1";
  report.backends[0].state = "ejected";
  report.backends[0].first_byte_us = 1500;
  FakeDaemon daemon(giving(report));
  EXPECT_EQ(ask(daemon, {"backend", "list"}).out, "app/a:1\tejected\t1\t0\t0\t0\t0\t0\t0\t1500\n");
}

TEST(Commands, a_damaged_cache_is_a_failure) {
  FakeDaemon daemon(giving(control::VerifyReport{5, {"shard 3: list is broken"}}));
  Ran ran = ask(daemon, {"cache", "verify"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(contains(ran.out, "shard 3: list is broken\n"));
}

TEST(Commands, metrics_pass_as_they_are) {
  FakeDaemon daemon(giving(control::MetricsReport{"text/plain", "# HELP a b\na{c=\"\td\"} 1\n"}));
  EXPECT_EQ(ask(daemon, {"metrics"}).out, "# HELP a b\na{c=\"\td\"} 1\n");
}

TEST(Commands, stats_can_be_watched_a_number_of_times) {
  control::StatsReport report;
  report.counters = {{"ringwall_requests_total", "method=\"get\"", "counter", 5}};
  FakeDaemon daemon(giving(report));
  EXPECT_EQ(ask(daemon, {"stats"}).out, "ringwall_requests_total{method=\"get\"}\t5\n");
  Ran ran = ask(daemon, {"stats", "--watch", "1", "--count", "2"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "ringwall_requests_total{method=\"get\"}\t5\t-\n"
            "ringwall_requests_total{method=\"get\"}\t5\t0.0\n");
}

TEST(Commands, stopping_fast_must_be_asked_for) {
  FakeDaemon daemon(giving(control::StopReport{"graceful"}));
  EXPECT_EQ(ask(daemon, {"stop"}).code, 0);
  EXPECT_EQ(ask(daemon, {"stop", "--fast"}).code, 0);
  EXPECT_TRUE(control::read_params<control::StopParams>(daemon.asked().at(0))->graceful);
  EXPECT_FALSE(control::read_params<control::StopParams>(daemon.asked().at(1))->graceful);
}

TEST(Commands, a_daemon_that_does_not_run_is_said_so) {
  TemporaryDirectory directory;
  std::string missing = directory.path() + "/control.sock";
  Ran ran = run_program({"status", "--socket", missing});
  EXPECT_EQ(ran.code, 3);
  EXPECT_TRUE(contains(ran.err, missing));
  std::string left_behind;
  TemporaryDirectory other;
  {
    FakeDaemon daemon(giving(control::StatusReport()));
    left_behind = other.path() + "/s";
    ASSERT_EQ(::rename(daemon.socket().c_str(), left_behind.c_str()), 0);
  }
  EXPECT_EQ(run_program({"status", "--socket", left_behind}).code, 3);
}

TEST(Commands, who_may_not_ask_learns_who_may) {
  if (::geteuid() != 0) return;  // only root can be somebody else; who is refused is nobody here
  FakeDaemon daemon(giving(control::StatusReport()));
  ASSERT_EQ(::chmod(daemon.directory().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(daemon.socket().c_str(), 0660), 0);
  Ran ran = run_program({"status", "--socket", daemon.socket()}, 65534);
  EXPECT_EQ(ran.code, 5);
  EXPECT_TRUE(contains(ran.err, "group \"root\"")) << ran.err;
}

TEST(Commands, a_daemon_that_talks_nonsense_or_nothing_is_a_failure) {
  for (std::string answer : {"", "nonsense\n", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}\n"}) {
    FakeDaemon daemon([answer](const Request&) { return answer; });
    Ran ran = ask(daemon, {"status"});
    EXPECT_EQ(ran.code, 1) << answer;
    EXPECT_TRUE(ran.err.starts_with("ringwallctl: ")) << answer;
  }
}

TEST(Commands, a_daemon_that_does_not_answer_is_given_up) {
  FakeDaemon daemon(
      [](const Request& request) { return control::progress_text(request.id, "thinking"); });
  EXPECT_EQ(ask(daemon, {"status", "--timeout", "0.05"}).code, 8);
}

TEST(Commands, wrong_words_are_wrong_usage) {
  for (std::vector<std::string> words :
       std::vector<std::vector<std::string>>{{},
                                             {"bogus"},
                                             {"cache"},
                                             {"cache", "bogus"},
                                             {"status", "extra"},
                                             {"status", "--bogus"},
                                             {"backend", "drain"},
                                             {"status", "--timeout", "-1"},
                                             {"stats", "--watch", "x"},
                                             {"completion", "tcsh"}}) {
    EXPECT_EQ(run_program(words).code, 2);
  }
  EXPECT_EQ(run_program({"--help"}).code, 0);
  EXPECT_TRUE(run_program({"--version"}).out.starts_with("ringwallctl "));
}

TEST(Commands, a_config_is_checked_without_a_daemon) {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/r.toml";
  std::ofstream(path) << "[cache]\nsise = \"1MiB\"\n[process]\nworkers = -1\n";
  Ran ran = run_program({"config", "check", path});
  EXPECT_EQ(ran.code, 6);
  EXPECT_TRUE(contains(ran.out, path + ":2:")) << ran.out;
  EXPECT_TRUE(contains(ran.out, path + ":4:")) << ran.out;
  EXPECT_TRUE(contains(ran.err, "invalid"));
  Ran json = run_program({"config", "check", path, "--json"});
  EXPECT_EQ(json.code, 6);
  Json read = Json::parse(json.out, nullptr, false);
  EXPECT_EQ(read["valid"], false);
  EXPECT_GE(read["errors"].size(), 2u);

  Ran good = run_program(
      {"config", "check", std::string(std::getenv("RINGWALL_SOURCE")) + "/conf/ringwall.toml"});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_TRUE(contains(good.out, "valid ("));
}

TEST(Commands, the_default_socket_is_that_of_the_config) {
  conf::DiskFiles files;
  auto loaded =
      conf::load(std::string(std::getenv("RINGWALL_SOURCE")) + "/conf/ringwall.toml", files);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config->control.socket, default_socket);
}

}  // namespace
}  // namespace ringwall::cli
