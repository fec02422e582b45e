// cache snapshot and cache warm against a daemon that answers what the test says.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/control/params.h"
#include "daemon/control/reports_filling.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

using control::Json;
using control::Outcome;
using control::WarmParams;
using control::WarmReport;

WarmParams asked(FakeDaemon& daemon, size_t i) {
  auto params = control::read_params<WarmParams>(daemon.asked().at(i));
  EXPECT_TRUE(params);
  return params ? *params : WarmParams();
}

TEST(Snapshot, a_saved_one_has_its_name_when_the_daemon_says_that_it_is_whole) {
  control::SnapshotSaveReport report;
  report.responses = 2;
  report.bytes = 512;
  report.took_ms = 1500;
  FakeDaemon daemon(giving(report));
  std::string path = daemon.directory() + "/snap";
  Ran ran = ask(daemon, {"cache", "snapshot", "save", path});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "saved 2 stored responses (512 bytes) in 1.500 s\n");
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(daemon.asked().at(0).method, "cache.snapshot.save");
}

TEST(Snapshot, one_that_failed_leaves_nothing) {
  FakeDaemon daemon(refusing({Outcome::failed, "no snapshot: No space left on device"}));
  std::string path = daemon.directory() + "/snap";
  Ran ran = ask(daemon, {"cache", "snapshot", "save", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(contains(ran.err, "No space left"));
  EXPECT_FALSE(std::filesystem::exists(path));
  FakeDaemon vanishing([](const control::Request&) { return std::string(); });
  EXPECT_EQ(ask(vanishing, {"cache", "snapshot", "save", path}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Snapshot, a_load_says_what_was_left_out_and_why) {
  control::SnapshotLoadReport report;
  report.responses = 3;
  report.bytes = 100;
  report.present = 4;
  report.no_room = 5;
  report.full = true;
  FakeDaemon daemon(giving(report));
  std::string path = daemon.directory() + "/snap";
  std::ofstream(path) << "snapshot";
  Ran ran = ask(daemon, {"cache", "snapshot", "load", path, "--soft"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "loaded 3 stored responses (100 bytes)"));
  EXPECT_TRUE(contains(ran.out, "4 left as they were\n"));
  EXPECT_TRUE(contains(ran.out, "no room for 5; the rest of the file was not tried\n"));
  auto params = control::read_params<control::SnapshotLoadParams>(daemon.asked().at(0));
  ASSERT_TRUE(params);
  EXPECT_TRUE(params->soft);
}

TEST(Snapshot, a_damage_has_an_exit_code_of_its_own_and_says_where) {
  control::SnapshotLoadReport report;
  report.responses = 1;
  report.damage = "the file is cut off";
  report.sound_bytes = 77;
  FakeDaemon daemon(refusing({Outcome::partly, "the file is cut off", control::encode(report)}));
  std::string path = daemon.directory() + "/snap";
  std::ofstream(path) << "snapshot";
  Ran ran = ask(daemon, {"cache", "snapshot", "load", path});
  EXPECT_EQ(ran.code, 7);
  EXPECT_TRUE(contains(ran.out, "loaded 1 stored response"));
  EXPECT_TRUE(contains(ran.err, "behind byte 77"));
}

TEST(Snapshot, what_is_no_file_is_not_sent) {
  FakeDaemon daemon(giving(control::SnapshotLoadReport()));
  EXPECT_EQ(ask(daemon, {"cache", "snapshot", "load", "/nonexistent"}).code, 1);
  EXPECT_EQ(ask(daemon, {"cache", "snapshot", "load", daemon.directory()}).code, 2);
  EXPECT_EQ(ask(daemon, {"cache", "snapshot", "load", "/dev/zero"}).code, 2);
  EXPECT_EQ(ask(daemon, {"cache", "snapshot", "save", daemon.directory()}).code, 1);
  EXPECT_EQ(ask(daemon, {"cache", "snapshot"}).code, 2);
  EXPECT_TRUE(daemon.asked().empty());
}

TEST(Warm, passes_urls_fields_and_rate_on) {
  WarmReport report;
  report.stored = 2;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "warm", "http://a/1", "http://a/2", "-H", "Accept-Encoding: br",
                         "--rate", "7"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "stored\t2\n"));
  WarmParams params = asked(daemon, 0);
  EXPECT_EQ(params.urls, (std::vector<std::string>{"http://a/1", "http://a/2"}));
  EXPECT_EQ(params.fields, std::vector<std::string>{"Accept-Encoding: br"});
  EXPECT_EQ(params.rate, 7u);
}

TEST(Warm, a_file_goes_in_batches_and_is_told_as_one) {
  FakeDaemon daemon([](const control::Request& request) {
    auto params = control::read_params<WarmParams>(request);
    WarmReport report;
    report.stored = params->urls.size();
    return control::result_text(request.id, control::encode(report));
  });
  std::string path = daemon.directory() + "/list";
  {
    std::ofstream list(path);
    list << "# all pages\n\n";
    for (int i = 0; i < 2500; ++i) list << "http://a/" << i << "\n";
  }
  Ran ran = ask(daemon, {"cache", "warm", "-f", path, "--json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out, nullptr, false)["stored"], 2500);
  EXPECT_EQ(daemon.asked().size(), 3u);
  EXPECT_EQ(asked(daemon, 0).rate, 50u) << "where none is given";
}

TEST(Warm, what_came_to_nothing_is_told_and_the_rest_goes_on) {
  FakeDaemon daemon([calls = 0](const control::Request& request) mutable {
    WarmReport report;
    report.stored = 999;
    if (++calls == 1) {
      report.failed = 1;
      report.problems = {{"http://a/0", "no-backend"}};
      return control::error_text(request.id, {Outcome::partly, "1", control::encode(report)});
    }
    return control::result_text(request.id, control::encode(report));
  });
  std::string path = daemon.directory() + "/list";
  {
    std::ofstream list(path);
    for (int i = 0; i < 2000; ++i) list << "http://a/" << i << "\n";
  }
  Ran ran = ask(daemon, {"cache", "warm", "-f", path});
  EXPECT_EQ(ran.code, 7);
  EXPECT_TRUE(contains(ran.out, "stored\t1998\n"));
  EXPECT_TRUE(contains(ran.err, "http://a/0: no-backend\n"));
  EXPECT_TRUE(contains(ran.err, "1 URL came to nothing"));
}

TEST(Warm, that_is_not_clear_is_not_sent) {
  FakeDaemon daemon(giving(WarmReport()));
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {},
           {"http://a/", "-f", "/dev/null"},
           {"http://a/", "--rate", "0"},
           {"http://a/", "--rate", "10001"},
           {"http://a/", "--rate", "fast"},
           {"-f", "/nonexistent/file"}}) {
    words.insert(words.begin(), {"cache", "warm"});
    EXPECT_EQ(ask(daemon, words).code, 2);
  }
  EXPECT_TRUE(daemon.asked().empty());
}

}  // namespace
}  // namespace ringwall::cli
