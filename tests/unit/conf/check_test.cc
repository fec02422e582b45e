#include "conf/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The errors that a route of this text has.
std::vector<std::string> route_errors(const std::string& text) {
  return errors_with("[[route]]\n" + text);
}

/// The error of two listeners with these addresses; empty where there is none.
std::string collision(const std::string& first, const std::string& second) {
  auto errors = errors_of("[[listener]]\nname = \"a\"\naddress = " + first +
                          "\n[[listener]]\nname = \"b\"\naddress = " + second + "\n");
  return errors.empty() ? "" : errors[0];
}

TEST(check, listeners_must_not_overlap) {
  EXPECT_THAT(collision("\":80\"", "\"0.0.0.0:80\""),
              HasSubstr("6:11: listener.address: 0.0.0.0:80 collides with [::]:80 of c.toml:3"));
  EXPECT_NE(collision("\"1.2.3.4:80\"", "\"1.2.3.4:80\""), "");
  EXPECT_NE(collision("\"0.0.0.0:80\"", "\"1.2.3.4:80\""), "");
  EXPECT_NE(collision("\"[::]:80\"", "\"[::1]:80\""), "");
  EXPECT_NE(collision("\"unix:/a\"", "\"unix:/a\""), "");
  EXPECT_EQ(collision("\"1.2.3.4:80\"", "\"1.2.3.4:81\""), "");
  EXPECT_EQ(collision("\"1.2.3.4:80\"", "\"1.2.3.5:80\""), "");
  EXPECT_EQ(collision("\"[::1]:80\"", "\"127.0.0.1:80\""), "");
  EXPECT_EQ(collision("\"[::]:80\"\nipv6_only = true", "\"0.0.0.0:80\""), "");
  EXPECT_EQ(collision("\"127.0.0.1:0\"", "\"127.0.0.1:0\""), "");
  EXPECT_EQ(collision("\"unix:/a\"", "\"unix:/b\""), "");
}

TEST(check, a_socket_has_an_absolute_path) {
  EXPECT_EQ(errors_with("[[listener]]\naddress = \"unix:run/x\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[[listener]]\naddress = \"unix:/run/x\"\n").size(), 0u);
}

TEST(check, names_are_given_once) {
  EXPECT_THAT(errors_with("[[listener]]\nname = \"web\"\naddress = \":81\"\n"),
              ElementsAre("listener.name: the name \"web\" is taken; it was given at c.toml:3"));
  EXPECT_THAT(errors_with("[[route]]\nname = \"r\"\npath = \"/a\"\nupstream = \"app\"\n"
                          "[[route]]\nname = \"r\"\npath = \"/b\"\nupstream = \"app\"\n"),
              ElementsAre("route.name: the name \"r\" is taken; it was given at c.toml:10"));
}

TEST(check, names_need_no_escape_in_logs) {
  EXPECT_EQ(errors_with("[[listener]]\nname = \"a b\"\naddress = \":81\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[[listener]]\nname = \"\"\naddress = \":81\"\n").size(), 0u);
  EXPECT_EQ(errors_with("[upstream.'a\"b']\nbackends = [\"1.2.3.4:1\"]\n").size(), 1u);
  EXPECT_EQ(errors_with("[upstream.\"\"]\nbackends = [\"1.2.3.4:1\"]\n").size(), 1u);
}

TEST(check, backends_are_addresses_or_names_with_a_port) {
  auto backend = [](const std::string& text) {
    return errors_with("[upstream.x]\nbackends = [" + text + "]\n");
  };
  for (const char* good : {"\"1.2.3.4:80\"", "\"a-b.example:8080\"", "\"localhost:1\"",
                           "\"[::1]:80\"", "\"unix:/x\"", "{ address = \"a:1\", weight = 1000 }"}) {
    EXPECT_THAT(backend(good), IsEmpty()) << good;
  }
  for (const char* bad :
       {"\"1.2.3.4\"", "\"app\"", "\"app:0\"", "\"app:65536\"", "\":80\"", "5", "\"::1:80\"",
        "\"1.2.3.4:0\"", "\"1.2.3.400:80\"", "\"a b:80\"", "\"http://a:80\"", "\"unix:x\"",
        "{ weight = 2 }", "{ address = 5 }", "{ address = \"a:1\", weight = 0 }",
        "{ address = \"a:1\", weight = 1001 }", "\"a:1\", \"a:1\"", ""}) {
    EXPECT_EQ(backend(bad).size(), 1u) << bad;
  }
}

TEST(check, a_route_has_exactly_one_action) {
  EXPECT_THAT(route_errors("path = \"/a\"\n"),
              ElementsAre("route: has no action; expected one of upstream = \"NAME\", respond = { "
                          "… }, metrics = true"));
  EXPECT_THAT(route_errors("path = \"/a\"\nupstream = \"app\"\nmetrics = true\n"),
              ElementsAre("route: has 2 actions: upstream, metrics; expected exactly one"));
  EXPECT_EQ(route_errors("path = \"/a\"\nmetrics = false\n").size(), 1u);
}

TEST(check, references_get_the_nearest_name) {
  EXPECT_THAT(route_errors("path = \"/a\"\nupstream = \"aap\"\nlisteners = [\"wen\"]\n"),
              ElementsAre("route.upstream: there is no upstream \"aap\"; did you mean \"app\"?",
                          "route.listeners: there is no listener \"wen\"; did you mean \"web\"?"));
  EXPECT_THAT(
      route_errors("path = \"/a\"\nupstream = \"something-else\"\n"),
      ElementsAre("route.upstream: there is no upstream \"something-else\"; expected one of "
                  "app"));
}

TEST(check, two_routes_for_the_same_requests_are_refused) {
  EXPECT_THAT(route_errors("upstream = \"app\"\n"),
              ElementsAre("route: same host, path and listeners as the route at c.toml:7; remove "
                          "one, or tell them apart by host, path or listeners"));
  EXPECT_EQ(route_errors("listeners = [\"web\"]\nupstream = \"app\"\n").size(), 0u);
  EXPECT_EQ(route_errors("path_exact = true\nupstream = \"app\"\n").size(), 0u);
  EXPECT_EQ(route_errors("host = \"a\"\nupstream = \"app\"\n").size(), 0u);
  EXPECT_EQ(route_errors("host = \"A\"\nupstream = \"app\"\n[[route]]\nhost = \"a.\"\n"
                         "upstream = \"app\"\n")
                .size(),
            1u);
}

TEST(check, hosts_are_names_or_wildcards) {
  auto host = [](const std::string& text) {
    return route_errors("upstream = \"app\"\nhost = \"" + text + "\"\n");
  };
  for (const char* good : {"example.org", "*.example.org", "localhost", "xn--bcher-kva.example",
                           "a_b.example", "127.0.0.1", "[::1]", "EXAMPLE.org."}) {
    EXPECT_THAT(host(good), IsEmpty()) << good;
  }
  for (const char* bad : {"*", "*.", "a.*.b", "example.org:80", "a..b", ".a", "bücher.example",
                          "a b", "http://x", "[::1", "*example.org"}) {
    EXPECT_EQ(host(bad).size(), 1u) << bad;
  }
}

TEST(check, paths_are_in_their_normal_form) {
  auto path = [](const std::string& text) {
    return route_errors("upstream = \"app\"\npath = \"" + text + "\"\n");
  };
  for (const char* good : {"/a", "/a/", "/a%20b", "/a%2Fb", "/.well-known/", "/a..b", "//"}) {
    EXPECT_THAT(path(good), IsEmpty()) << good;
  }
  for (const char* bad : {"", "a", "/a/../b", "/a/.", "/a?b", "/a#b", "/a b", "/ä", "/%61", "/%2f",
                          "/%zz", "/%", "/%00", "/a*"}) {
    EXPECT_EQ(path(bad).size(), 1u) << bad;
  }
  EXPECT_THAT(path("%2f")[0], HasSubstr("did you mean \"/%2f\"?"));
  EXPECT_THAT(path("/%2f")[0], HasSubstr("did you mean \"%2F\"?"));
}

TEST(check, fixed_answers_cannot_split_a_response) {
  auto fields = [](const std::string& text) {
    return route_errors("path = \"/a\"\nrespond = { fields = { " + text + " } }\n");
  };
  EXPECT_THAT(fields("A = \"b\\tc\", \"X-Y\" = \"\""), IsEmpty());
  for (const char* bad :
       {"A = \"b\\r\\nSet-Cookie: x\"", "A = \"b\\n\"", "A = \"\\u0000\"", "\"A B\" = \"c\"",
        "\"A:\" = \"c\"", "\"\" = \"c\"", "A = 5", "A = [5]", "Content-Length = \"5\"",
        "transfer-encoding = \"chunked\"", "A = \" b\"", "A = [\"b\", \"c\\r\"]"}) {
    EXPECT_EQ(fields(bad).size(), 1u) << bad;
  }
  EXPECT_EQ(route_errors("path = \"/a\"\nrespond = { status = 204, body = \"x\" }\n").size(), 1u);
  EXPECT_EQ(route_errors("path = \"/a\"\nrespond = { status = 100 }\n").size(), 1u);
  EXPECT_EQ(route_errors("path = \"/a\"\nrespond = { stauts = 200 }\n").size(), 1u);
}

TEST(check, limits_that_contradict_each_other_are_refused) {
  EXPECT_EQ(errors_with("[http]\nhead_size_max = \"4KiB\"\ntarget_size_max = \"5KiB\"\n").size(),
            1u);
  EXPECT_EQ(errors_with("[cache]\nsize = \"8MiB\"\nobject_size_max = \"9MiB\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[cache]\nsize = \"8MiB\"\nsize_max = \"7MiB\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[cache]\nsize = \"8MiB\"\nsize_max = \"8MiB\"\n").size(), 0u);
  EXPECT_EQ(errors_with("[http]\nvia = \"a b\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[control]\nsocket = \"\"\n").size(), 1u);
  EXPECT_EQ(errors_with("[control]\nsocket = \"/" + std::string(120, 'a') + "\"\n").size(), 1u);
}

TEST(check, what_is_hardly_meant_is_a_warning) {
  EXPECT_THAT(warnings_of(least), IsEmpty());
  EXPECT_THAT(warnings_of(least + R"(
[cache]
size = 0
[[listener]]
name = "idle"
address = ":81"
trusted = ["0.0.0.0/0"]
[upstream.unused]
backends = ["127.0.0.1:1"]
[[route]]
path = "/c"
listeners = ["web"]
upstream = "app"
cache = true
)"),
              ElementsAre("listener.trusted: 0.0.0.0/0 trusts every client",
                          "upstream.unused: no route leads to it",
                          "route.cache: no effect: cache.size is 0"));
  EXPECT_THAT(warnings_of("[[listener]]\naddress = \":1\"\n"),
              ElementsAre("listener: no route is for it: it answers everything with 404"));
}

}  // namespace
}  // namespace ringwall::conf
