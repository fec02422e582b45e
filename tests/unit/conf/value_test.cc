#include "conf/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

using testing::ElementsAre;

TEST(value, wrong_types_say_what_was_found_and_what_is_expected) {
  EXPECT_THAT(errors_with("[http]\nhead_timeout = true\n"),
              ElementsAre("http.head_timeout: true; expected a duration from 1ms to 1d (\"10s\")"));
  EXPECT_THAT(errors_with("[http]\nrequests_max = \"7\"\n"),
              ElementsAre("http.requests_max: the string \"7\"; expected an integer from 1 to "
                          "1000000000 or 0; write the number without quotes"));
  EXPECT_THAT(errors_with("[http]\nvia = 1.5\n"),
              ElementsAre("http.via: a decimal fraction; expected a string"));
  EXPECT_THAT(errors_with("[cache]\nhuge_pages = \"yes\"\n"),
              ElementsAre("cache.huge_pages: the string \"yes\"; expected true or false"));
  EXPECT_THAT(errors_with("[http]\nhead_size_max = []\n"),
              ElementsAre("http.head_size_max: a list; expected a size from 1KiB to 65535B "
                          "(\"16KiB\")"));
  EXPECT_THAT(errors_with("cache = 5\n").size(), 1u);
}

TEST(value, integers_have_bounds) {
  EXPECT_THAT(errors_with("[process]\nworkers = 65\n"),
              ElementsAre("process.workers: the integer 65 is out of range; expected an integer "
                          "from 1 to 64 or \"auto\""));
  EXPECT_EQ(errors_with("[process]\nworkers = 0\n").size(), 1u);
  EXPECT_EQ(errors_with("[process]\nworkers = -1\n").size(), 1u);
  EXPECT_EQ(errors_with("[process]\nconnections_max = -5\n").size(), 1u);
  EXPECT_EQ(errors_with("[process]\nconnections_max = 9223372036854775807\n").size(), 1u);
  EXPECT_EQ(errors_with("[process]\nworkers = 64\n").size(), 0u);
}

TEST(value, the_word_auto_is_known_by_its_slips) {
  EXPECT_THAT(errors_with("[process]\nworkers = \"atuo\"\n"),
              ElementsAre("process.workers: the string \"atuo\"; expected an integer from 1 to 64 "
                          "or \"auto\"; did you mean \"auto\"?"));
}

TEST(value, sizes_and_durations_have_bounds_and_units) {
  EXPECT_THAT(errors_with("[cache]\nsize = \"1MiB\"\n"),
              ElementsAre("cache.size: the string \"1MiB\" is out of range; expected a size from "
                          "4MiB to 256GiB (\"64MiB\") or 0"));
  EXPECT_EQ(errors_with("[cache]\nsize = 0\n").size(), 0u);
  EXPECT_EQ(errors_with("[cache]\nsize = 64\n").size(), 1u);
  EXPECT_EQ(errors_with("[cache]\nsize = -64\n").size(), 1u);
  EXPECT_EQ(errors_with("[http]\nidle_timeout = \"2d\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[http]\nidle_timeout = 0\n").size(), 1u);
  EXPECT_EQ(errors_with("[http]\nexchange_timeout = 0\n").size(), 0u);
}

TEST(value, words_get_the_nearest) {
  EXPECT_THAT(errors_with("[log]\nlevel = \"warn\"\n"),
              ElementsAre("log.level: the string \"warn\"; expected one of \"error\", \"warning\", "
                          "\"notice\", \"info\", \"debug\""));
  EXPECT_THAT(errors_with("[log]\nlevel = \"Warnin\"\n"),
              ElementsAre("log.level: the string \"Warnin\"; expected one of \"error\", "
                          "\"warning\", \"notice\", \"info\", \"debug\"; did you mean "
                          "\"warning\"?"));
}

TEST(value, lists_name_the_item_that_is_wrong) {
  EXPECT_THAT(
      errors_of("[[listener]]\naddress = \":80\"\ntrusted = [\"10.0.0.0/8\", \"ten\", 5]\n"),
      ElementsAre("3:33: listener.trusted: the integer 5; expected a list of prefixes such "
                  "as [\"10.0.0.0/8\"]"));
  EXPECT_THAT(errors_of("[[listener]]\naddress = \":80\"\ntrusted = [\"10.0.0.0/8\", \"ten\"]\n"),
              ElementsAre("3:26: listener.trusted: the string \"ten\": not a network prefix such "
                          "as 192.0.2.0/24 or 2001:db8::/32; expected a list of prefixes such as "
                          "[\"10.0.0.0/8\"]"));
  EXPECT_THAT(errors_of("[[listener]]\naddress = \":80\"\ntrusted = \"10.0.0.0/8\"\n"),
              ElementsAre("3:11: listener.trusted: the string \"10.0.0.0/8\"; expected a list of "
                          "prefixes such as [\"10.0.0.0/8\"]; write [\"10.0.0.0/8\"]"));
}

TEST(value, unknown_keys_get_the_nearest_or_all) {
  EXPECT_THAT(errors_with("[cache]\nsiez = \"1GiB\"\n"),
              ElementsAre("cache.siez: unknown key; did you mean \"size\"?"));
  EXPECT_THAT(errors_with("[control]\nxxxxxxxxxx = 1\n"),
              ElementsAre("control.xxxxxxxxxx: unknown key; expected one of socket, group"));
  EXPECT_THAT(errors_with("[lsitener]\n"),
              ElementsAre("lsitener: unknown key or table; did you mean \"listener\"?"));
}

TEST(value, what_is_required_is_missed) {
  EXPECT_THAT(errors_of("[[listener]]\n[upstream.x]\n[[route]]\nupstream = \"x\"\n"),
              ElementsAre("1:1: listener.address: is missing; expected an address with port such "
                          "as \"192.0.2.1:80\", \"[2001:db8::1]:80\", \":80\", or \"unix:/path\"",
                          "2:1: upstream.x.backends: is missing; expected a list of \"host:port\" "
                          "or { address, weight }"));
}

TEST(value, relative_paths_belong_to_the_directory_of_their_file) {
  EXPECT_EQ(relative_to("/etc/r/c.toml", "x.log"), "/etc/r/x.log");
  EXPECT_EQ(relative_to("/etc/r/c.toml", "./x.log"), "/etc/r/x.log");
  EXPECT_EQ(relative_to("/etc/r/c.toml", "/x.log"), "/x.log");
  EXPECT_EQ(relative_to("c.toml", "x.log"), "x.log");
  EXPECT_EQ(relative_to("conf/c.toml", "d/x.log"), "conf/d/x.log");
  EXPECT_EQ(relative_to("/etc/r/c.toml", ""), "");
}

TEST(value, control_characters_of_a_config_do_not_reach_the_message) {
  for (const std::string& line : errors_with("[log]\nlevel = \"a\\u001b[31m\\nb\"\n")) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace ringwall::conf
