#include "conf/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(load, the_least_config_gets_the_defaults) {
  LoadResult result = load_text(least);
  ASSERT_TRUE(result.ok()) << result.error_text();
  const Config& config = *result.config;
  EXPECT_EQ(config.process.workers, 3u);  // "auto"
  EXPECT_EQ(config.process.connections_max, 10000u);
  EXPECT_EQ(config.process.stop_deadline, 30s);
  EXPECT_EQ(config.control.socket, "/run/ringwall/control.sock");
  EXPECT_EQ(config.log.level, base::LogLevel::notice);
  EXPECT_EQ(config.log.format, Log::Format::combined);
  EXPECT_EQ(config.cache.size, 256u << 20);
  EXPECT_EQ(config.cache.object_size_max, 64u << 20);
  EXPECT_FALSE(config.cache.literal_lru);
  EXPECT_EQ(config.http.head_timeout, 15s);
  EXPECT_EQ(config.http.head_size_max, 32u << 10);
  EXPECT_EQ(config.http.body_size_max, 0u);
  EXPECT_EQ(config.http.via, "ringwall");
  EXPECT_EQ(config.listeners[0].backlog, 4096u);
  const Upstream& upstream = config.upstreams[0];
  EXPECT_EQ(upstream.balance, Upstream::Balance::round_robin);
  EXPECT_EQ(upstream.connect_timeout, 3s);
  EXPECT_EQ(upstream.pool_size, 64u);
  EXPECT_EQ(upstream.retries, 1u);
  EXPECT_EQ(upstream.backends[0].weight, 1u);
  const Route& route = config.routes[0];
  EXPECT_EQ(route.path, "/");
  EXPECT_EQ(route.action, Route::Action::proxy);
  EXPECT_TRUE(route.cache.enabled);
  EXPECT_FALSE(route.cache.default_lifetime.has_value());
  EXPECT_EQ(route.cache.lock_timeout, 10s);
}

TEST(load, every_part_is_read) {
  LoadResult result = load_text(R"(
[process]
workers = 4
[log]
level = "debug"
format = "json"
access_file = "stdout"
[cache]
size = "1GiB"
size_max = "2GiB"
order = "lru"
object_size_max = "10MB"
huge_pages = true
[http]
exchange_timeout = "1h30m"
[[listener]]
name = "a"
address = "127.0.0.1:80"
trusted = ["10.0.0.0/8"]
[[listener]]
name = "b"
address = "unix:/run/b.sock"
[upstream.one]
balance = "least-connections"
host_field = "backend"
backends = ["10.0.0.1:80", { address = "app.example:8080", weight = 7 }, "[::1]:81", "unix:/x"]
[upstream.two]
backends = ["10.0.0.2:80"]
[[route]]
host = "*.Example.ORG"
path = "/x"
path_exact = true
listeners = ["b", "a", "b"]
upstream = "two"
cache = { default_lifetime = "10s", lock_timeout = "5s" }
[[route]]
upstream = "one"
cache = false
[[route]]
path = "/r"
respond = { status = 404, body = "no", delay = "200ms", fields = { B = "1", A = ["2", "3"] } }
[[route]]
path = "/m"
metrics = true
)");
  ASSERT_TRUE(result.ok()) << result.error_text();
  EXPECT_THAT(result.warnings, IsEmpty());
  const Config& config = *result.config;
  EXPECT_EQ(config.process.workers, 4u);
  EXPECT_EQ(config.log.level, base::LogLevel::debug);
  EXPECT_EQ(config.log.format, Log::Format::json);
  EXPECT_EQ(config.log.access_file, "stdout");
  EXPECT_TRUE(config.cache.literal_lru);
  EXPECT_TRUE(config.cache.huge_pages);
  EXPECT_EQ(config.cache.object_size_max, 10000000u);
  EXPECT_EQ(config.http.exchange_timeout, 90min);
  EXPECT_TRUE(config.listeners[0].trusted.contains(*base::Address::parse("10.1.2.3:1")));
  EXPECT_EQ(config.listeners[1].address.family(), AF_UNIX);
  const Upstream& one = config.upstreams[0];
  EXPECT_EQ(one.balance, Upstream::Balance::least_connections);
  EXPECT_EQ(one.host_field, Upstream::HostField::backend);
  EXPECT_EQ(one.backends[0].address.text(), "10.0.0.1:80");
  EXPECT_EQ(one.backends[1].host, "app.example");
  EXPECT_EQ(one.backends[1].port, 8080);
  EXPECT_EQ(one.backends[1].weight, 7u);
  EXPECT_TRUE(one.backends[1].address.empty());
  EXPECT_EQ(one.backends[2].name, "[::1]:81");
  EXPECT_EQ(one.backends[3].address.family(), AF_UNIX);
  EXPECT_EQ(config.upstreams[1].backends[0].index, 4u);
  EXPECT_EQ(config.backend_count, 5u);
  const Route& first = config.routes[0];
  EXPECT_EQ(first.name, "*.example.org/x");
  EXPECT_EQ(first.host, "*.example.org");
  EXPECT_TRUE(first.path_exact);
  EXPECT_THAT(first.listeners, ElementsAre(0u, 1u));
  EXPECT_EQ(first.upstream, 1u);
  EXPECT_EQ(first.cache.default_lifetime, 10s);
  EXPECT_EQ(first.cache.lock_timeout, 5s);
  EXPECT_FALSE(config.routes[1].cache.enabled);
  EXPECT_EQ(config.routes[1].cache.lock_timeout, 10s);
  const FixedAnswer& answer = config.routes[2].answer;
  EXPECT_EQ(config.routes[2].action, Route::Action::respond);
  EXPECT_EQ(answer.status, 404u);
  EXPECT_EQ(answer.delay, 200ms);
  using Field = std::pair<std::string, std::string>;
  EXPECT_THAT(answer.fields, ElementsAre(Field{"B", "1"}, Field{"A", "2"}, Field{"A", "3"}));
  EXPECT_EQ(config.routes[3].action, Route::Action::metrics);
}

TEST(load, five_mistakes_are_shown_at_once_with_place_and_mend) {
  EXPECT_THAT(
      errors_of(R"([cache]
size = "2GB!"
[http]
head_timeout = 10
idle_timeuot = "1m"
[[listener]]
name = "web"
address = "localhost"
[upstream.app]
backends = ["127.0.0.1:8080"]
[[route]]
upstream = "ap"
)"),
      ElementsAre("2:8: cache.size: the string \"2GB!\": unknown unit \"GB!\"; expected a "
                  "size from 4MiB to 256GiB (\"64MiB\") or 0; did you mean \"2GB\"?",
                  "4:16: http.head_timeout: the integer 10 has no unit; expected a duration "
                  "from 1ms to 1d (\"10s\"); did you mean \"10s\"?",
                  "5:1: http.idle_timeuot: unknown key; did you mean \"idle_timeout\"?",
                  "8:11: listener.address: the string \"localhost\": no port: write "
                  "address:port; expected an address with port such as \"192.0.2.1:80\", "
                  "\"[2001:db8::1]:80\", \":80\", or \"unix:/path\"",
                  "12:12: route.upstream: there is no upstream \"ap\"; did you mean "
                  "\"app\"?"));
}

TEST(load, a_syntax_error_has_its_place) {
  auto errors = errors_of("[cache]\nsize = = 3\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_TRUE(errors[0].starts_with("2:8: not TOML: ")) << errors[0];
  EXPECT_EQ(errors_of("a = 1\na = 2\n").size(), 1u);
  EXPECT_EQ(errors_of(std::string("x = \"\xff\xfe\"")).size(), 1u);
  EXPECT_EQ(errors_of("[cache").size(), 1u);
}

TEST(load, an_empty_file_is_told_what_is_missing) {
  EXPECT_THAT(errors_of(""), ElementsAre(" listener: the config has no listener; expected "
                                         "at least one [[listener]] with an address"));
}

TEST(load, a_file_that_is_not_there_is_an_error) {
  DiskFiles files;
  LoadResult result = load("/nowhere/ringwall.toml", files);
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_TRUE(result.errors[0].text().starts_with("/nowhere/ringwall.toml: cannot be opened"))
      << result.errors[0].text();
}

TEST(load, routes_are_called_after_host_and_path_and_each_name_is_given_once) {
  LoadResult result = load_text(least + R"(
[[route]]
path_exact = true
upstream = "app"
[[route]]
host = "x"
path = "/y"
upstream = "app"
)");
  ASSERT_TRUE(result.ok()) << result.error_text();
  EXPECT_EQ(result.config->routes[0].name, "/");
  EXPECT_EQ(result.config->routes[1].name, "/#2");
  EXPECT_EQ(result.config->routes[2].name, "x/y");
}

TEST(load, names_what_a_reload_cannot_change) {
  Config before = *load_text(least).config;
  Config after = *load_text(least + R"(
[process]
user = "www-data"
connections_max = 7
[cache]
size = "1GiB"
size_max = "2GiB"
order = "lru"
)")
                      .config;
  EXPECT_THAT(keys_needing_restart(before, before), IsEmpty());
  EXPECT_THAT(keys_needing_restart(before, after),
              ElementsAre("process.user", "cache.size_max", "cache.order"));
}

TEST(load, hostile_text_gives_errors_and_no_crash) {
  std::string deep = "x = ";
  for (int i = 0; i < 5000; ++i) deep += "[";
  EXPECT_FALSE(load_text(deep).ok());
  EXPECT_FALSE(load_text(std::string(100000, '[')).ok());
  EXPECT_FALSE(load_text(std::string("\0\0\0", 3)).ok());
  EXPECT_FALSE(load_text("listener = 5\nroute = {}\nupstream = []\ncache = 1\nlog = [1]\n").ok());
  EXPECT_FALSE(load_text("[[listener]]\naddress = 1979-05-27\nname = 1.5\n").ok());
  EXPECT_FALSE(load_text("include = 3\n[upstream]\na = 1\n[route]\nx = 1\n").ok());
}

}  // namespace
}  // namespace ringwall::conf
