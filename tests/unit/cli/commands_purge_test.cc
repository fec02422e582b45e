// cache purge against a daemon that answers what the test says.
#include <gtest/gtest.h>

#include <fstream>

#include "daemon/control/params.h"
#include "daemon/control/reports_cache.h"
#include "tests/unit/cli/program.h"

namespace ringwall::cli {
namespace {

using control::Json;
using control::Outcome;
using control::PurgeParams;
using control::Request;

/// What the daemon was asked in its call `i`.
PurgeParams asked(FakeDaemon& daemon, size_t i) {
  auto params = control::read_params<PurgeParams>(daemon.asked().at(i));
  EXPECT_TRUE(params);
  return params ? *params : PurgeParams();
}

TEST(Purge, says_what_and_how_much_and_from_when_on) {
  control::PurgeReport report;
  report.mode = "hard";
  report.objects = 1;
  report.bytes = 512;
  report.effective_ms = 0.0421;
  report.counted_ms = 12.5;
  report.urls = {{"http://a/1", 1, 512}, {"http://a/2", 0, 0}};
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "purge", "http://a/1", "http://a/2"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "purged 1 stored response (512 bytes)\n"));
  EXPECT_TRUE(contains(ran.out, "in force after 0.042 ms, counted after 12.500 ms\n"));
  EXPECT_TRUE(contains(ran.out, "http://a/2\t0\t0\n"));
  EXPECT_EQ(asked(daemon, 0).urls, (std::vector<std::string>{"http://a/1", "http://a/2"}));
  EXPECT_FALSE(asked(daemon, 0).soft) << "what is usual is the daemon's to say";
}

TEST(Purge, each_kind_is_passed_on) {
  control::PurgeReport report;
  report.mode = "soft";
  report.objects = 3;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "purge", "--prefix", "http://a/", "--soft"});
  EXPECT_TRUE(contains(ran.out, "marked stale 3 stored responses (0 bytes)"));
  EXPECT_EQ(asked(daemon, 0).prefix, "http://a/");
  EXPECT_EQ(asked(daemon, 0).soft, true);
  ask(daemon, {"cache", "purge", "--all", "--hard"});
  EXPECT_TRUE(asked(daemon, 1).all);
  EXPECT_EQ(asked(daemon, 1).soft, false);
  ask(daemon, {"cache", "purge", "--tag", "news", "--tag", "sport"});
  EXPECT_EQ(asked(daemon, 2).tags, (std::vector<std::string>{"news", "sport"}));
  ask(daemon, {"cache", "purge", "--host", "a:8080"});
  EXPECT_EQ(asked(daemon, 3).host, "a:8080");
  ask(daemon, {"cache", "purge", "--group", "g", "--origin", "http://a"});
  EXPECT_EQ(asked(daemon, 4).group, "g");
  EXPECT_EQ(asked(daemon, 4).origin, "http://a");
}

TEST(Purge, a_dry_run_says_what_would_be) {
  control::PurgeReport report;
  report.mode = "hard";
  report.dry_run = true;
  report.objects = 2;
  FakeDaemon daemon(giving(report));
  Ran ran = ask(daemon, {"cache", "purge", "--all", "--dry-run"});
  EXPECT_EQ(ran.out, "would be purged: 2 stored responses (0 bytes)\n");
  EXPECT_TRUE(asked(daemon, 0).dry_run);
}

TEST(Purge, that_is_not_clear_is_not_sent) {
  FakeDaemon daemon(giving(control::PurgeReport()));
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {},
           {"--all", "http://a/"},
           {"--all", "--tag", "x"},
           {"--group", "g"},
           {"--origin", "http://a", "http://a/"},
           {"--all", "--soft", "--hard"},
           {"-f", "/dev/null", "http://a/"},
           {"-f", "/dev/null", "--all"},
           {"-f", "/nonexistent/file"}}) {
    words.insert(words.begin(), {"cache", "purge"});
    EXPECT_EQ(ask(daemon, words).code, 2);
  }
  EXPECT_TRUE(daemon.asked().empty());
}

/// Answers a batch as a daemon that has stored every second URL and knows "bad" for none.
std::string answer_batch(const Request& request) {
  auto params = control::read_params<PurgeParams>(request);
  control::PurgeReport report;
  report.mode = "hard";
  for (const std::string& url : params->urls) {
    if (url == "bad") report.wrong.push_back(url);
    if (url.ends_with("1")) ++report.objects;
  }
  report.bytes = 10 * report.objects;
  Json json = control::encode(report);
  if (!report.wrong.empty()) {
    return control::error_text(request.id, {Outcome::partly, "1 of the URLs are none", json});
  }
  if (report.objects == 0) {
    return control::error_text(request.id, {Outcome::nothing_matched, "nothing matched", json});
  }
  return control::result_text(request.id, json);
}

struct UrlFile {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/urls";
  std::ofstream out{path};
};

TEST(Purge, a_file_goes_in_few_calls_and_is_summed_up) {
  UrlFile file;
  for (int i = 0; i < 1100; ++i) file.out << "http://a/" << i << "/1\n";
  file.out << "http://a/not-stored\n" << std::flush;
  FakeDaemon daemon(answer_batch);
  Ran ran = ask(daemon, {"cache", "purge", "-f", file.path});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(contains(ran.out, "purged 1100 stored responses (11000 bytes)\n")) << ran.out;
  ASSERT_EQ(daemon.asked().size(), 2u);
  EXPECT_TRUE(asked(daemon, 0).bulk);
  Ran json = ask(daemon, {"cache", "purge", "--file", file.path, "--json"});
  EXPECT_EQ(Json::parse(json.out, nullptr, false)["objects"], 1100);
}

TEST(Purge, a_file_in_which_nothing_matched_says_so_at_its_end) {
  UrlFile file;
  for (int i = 0; i < 1500; ++i) file.out << "http://a/0\n";
  file.out << std::flush;
  FakeDaemon daemon(answer_batch);
  Ran ran = ask(daemon, {"cache", "purge", "-f", file.path});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.err, "ringwallctl: nothing matched\n");
  EXPECT_EQ(daemon.asked().size(), 2u);
}

TEST(Purge, a_line_that_is_no_url_stops_no_other) {
  UrlFile file;
  file.out << "http://a/1\nbad\nhttp://b/1\n" << std::flush;
  FakeDaemon daemon(answer_batch);
  Ran ran = ask(daemon, {"cache", "purge", "-f", file.path});
  EXPECT_EQ(ran.code, 7);
  EXPECT_TRUE(contains(ran.out, "purged 2 stored responses (20 bytes)\n"));
  EXPECT_EQ(ran.err, "no URL: bad\nringwallctl: not all of 3 URLs could be purged\n");
}

TEST(Purge, a_daemon_that_goes_in_the_middle_leaves_what_was_done_told) {
  UrlFile file;
  for (int i = 0; i < 1001; ++i) file.out << "http://a/1\n";
  file.out << std::flush;
  int calls = 0;
  FakeDaemon daemon([&calls](const Request& request) {
    return ++calls == 1 ? answer_batch(request) : std::string();
  });
  Ran ran = ask(daemon, {"cache", "purge", "-f", file.path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(contains(ran.out, "purged 1000 stored responses"));
}

}  // namespace
}  // namespace ringwall::cli
