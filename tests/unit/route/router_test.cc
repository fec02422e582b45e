#include "daemon/route/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

namespace ringwall::route {
namespace {

/// A config of routes, whose names are found again by lookups.
class Routes {
 public:
  Routes& prefix(std::string host, std::string path, std::vector<uint32_t> listeners = {}) {
    return add(std::move(host), std::move(path), false, std::move(listeners));
  }
  Routes& exact(std::string host, std::string path, std::vector<uint32_t> listeners = {}) {
    return add(std::move(host), std::move(path), true, std::move(listeners));
  }
  /// "host path", with "=" for an exact one and "@n" for one bound to listeners; "none".
  std::string find(std::string_view host, std::string_view path, uint32_t listener = 0) const {
    if (!router_) router_.emplace(config_);
    auto found = router_->find(host, path, listener);
    return found ? config_.routes[*found].name : "none";
  }
  const conf::Config& config() const { return config_; }

 private:
  Routes& add(std::string host, std::string path, bool exact, std::vector<uint32_t> listeners) {
    router_.reset();
    conf::Route& route = config_.routes.emplace_back();
    route.name = (host.empty() ? "any" : host) + (exact ? " =" : " ") + path;
    for (uint32_t listener : listeners) route.name += "@" + std::to_string(listener);
    route.host = std::move(host);
    route.path = std::move(path);
    route.path_exact = exact;
    route.listeners = std::move(listeners);
    return *this;
  }
  conf::Config config_;
  mutable std::optional<Router> router_;  // built at the first lookup
};

TEST(router, without_routes_nothing_is_found) {
  EXPECT_EQ(Router().find("example.org", "/", 0), std::nullopt);
  EXPECT_EQ(Routes().find("example.org", "/"), "none");
}

TEST(router, an_exact_host_goes_before_a_wildcard_before_any) {
  Routes routes;
  routes.prefix("", "/").prefix("*.example.org", "/").prefix("www.example.org", "/");
  EXPECT_EQ(routes.find("www.example.org", "/x"), "www.example.org /");
  EXPECT_EQ(routes.find("api.example.org", "/x"), "*.example.org /");
  EXPECT_EQ(routes.find("other.net", "/x"), "any /");
  EXPECT_EQ(routes.find("", "/x"), "any /");
}

TEST(router, a_wildcard_is_for_any_depth_but_not_for_the_name_itself) {
  Routes routes;
  routes.prefix("*.example.org", "/");
  EXPECT_EQ(routes.find("a.b.c.example.org", "/"), "*.example.org /");
  EXPECT_EQ(routes.find("example.org", "/"), "none");
  EXPECT_EQ(routes.find(".example.org", "/"), "none");
  EXPECT_EQ(routes.find("badexample.org", "/"), "none");
  EXPECT_EQ(routes.find("example.org.evil.net", "/"), "none");
}

TEST(router, of_wildcards_the_longest_suffix_wins) {
  Routes routes;
  routes.prefix("*.org", "/").prefix("*.a.example.org", "/").prefix("*.example.org", "/");
  EXPECT_EQ(routes.find("x.a.example.org", "/"), "*.a.example.org /");
  EXPECT_EQ(routes.find("x.b.example.org", "/"), "*.example.org /");
  EXPECT_EQ(routes.find("a.example.org", "/"), "*.example.org /");
  EXPECT_EQ(routes.find("example.org", "/"), "*.org /");
}

TEST(router, hosts_are_compared_without_case_and_without_a_final_dot) {
  Routes routes;
  routes.prefix("WWW.Example.org", "/").prefix("*.Example.ORG", "/");
  EXPECT_EQ(routes.find("wWw.eXaMpLe.OrG", "/"), "WWW.Example.org /");
  EXPECT_EQ(routes.find("www.example.org.", "/"), "WWW.Example.org /");
  EXPECT_EQ(routes.find("A-Z.EXAMPLE.org.", "/"), "*.Example.ORG /");
  // Characters beside the letters, and bytes above ASCII, do not change with case.
  EXPECT_EQ(Routes().prefix("a@b", "/").find("a`b", "/"), "none");
  EXPECT_EQ(Routes().prefix("a[b", "/").find("a{b", "/"), "none");
  EXPECT_EQ(Routes().prefix("a\xc1", "/").find("a\xe1", "/"), "none");
}

TEST(router, hosts_of_every_length_are_told_apart) {
  Routes routes;
  std::string host;
  for (int i = 0; i < 253; ++i) routes.prefix(host += 'a', "/");
  host.clear();
  for (int i = 0; i < 253; ++i) {
    host += 'A';
    EXPECT_EQ(routes.find(host, "/").size(), host.size() + 2);
  }
  for (size_t n = 254; n < 600; ++n) EXPECT_EQ(routes.find(std::string(n, 'a'), "/"), "none");
}

TEST(router, wildcards_with_suffixes_of_every_length_are_found) {
  std::string suffix = "org";
  for (size_t n = 0; n < 60; ++n) {
    Routes routes;
    routes.prefix("*." + suffix, "/");
    for (size_t before = 1; before < 20; ++before) {
      EXPECT_NE(routes.find(std::string(before, 'x') + "." + suffix, "/"), "none");
    }
    suffix = (n % 3 == 0 ? "a." : "b") + suffix;
  }
}

TEST(router, an_exact_path_goes_before_prefixes_and_the_longest_prefix_wins) {
  Routes routes;
  routes.prefix("", "/").prefix("", "/static/").prefix("", "/static/img/");
  routes.exact("", "/static/img/logo.png").exact("", "/static/");
  EXPECT_EQ(routes.find("h", "/static/img/logo.png"), "any =/static/img/logo.png");
  EXPECT_EQ(routes.find("h", "/static/img/logo.pn"), "any /static/img/");
  EXPECT_EQ(routes.find("h", "/static/img/logo.png/x"), "any /static/img/");
  EXPECT_EQ(routes.find("h", "/static/x"), "any /static/");
  EXPECT_EQ(routes.find("h", "/static/"), "any =/static/");
  EXPECT_EQ(routes.find("h", "/static"), "any /");
  EXPECT_EQ(routes.find("h", "/zzz"), "any /");
  EXPECT_EQ(routes.find("h", "/"), "any /");
}

TEST(router, prefixes_match_whole_segments) {
  Routes routes;
  routes.prefix("", "/static").prefix("", "/a/b");
  EXPECT_EQ(routes.find("h", "/static"), "any /static");
  EXPECT_EQ(routes.find("h", "/static/"), "any /static");
  EXPECT_EQ(routes.find("h", "/static/x/y"), "any /static");
  EXPECT_EQ(routes.find("h", "/staticfoo"), "none");
  EXPECT_EQ(routes.find("h", "/static.css"), "none");
  EXPECT_EQ(routes.find("h", "/a"), "none");
  EXPECT_EQ(routes.find("h", "/a/bc/d"), "none");
}

TEST(router, a_prefix_found_through_a_longer_sibling_counts) {
  // "/static/a" sorts between "/static" and what is looked up, but is no prefix of it.
  Routes routes;
  routes.prefix("", "/static").prefix("", "/static/a").prefix("", "/static/a/b").prefix("", "/st");
  EXPECT_EQ(routes.find("h", "/static/b"), "any /static");
  EXPECT_EQ(routes.find("h", "/static/a/c"), "any /static/a");
  EXPECT_EQ(routes.find("h", "/static/ab"), "any /static");
  EXPECT_EQ(routes.find("h", "/st/x"), "any /st");
}

TEST(router, paths_are_compared_with_case) {
  EXPECT_EQ(Routes().prefix("", "/Admin").find("h", "/admin"), "none");
}

TEST(router, a_host_without_a_route_for_the_path_falls_through_to_less_specific_ones) {
  Routes routes;
  routes.prefix("www.example.org", "/app/").prefix("*.example.org", "/img/").prefix("", "/");
  EXPECT_EQ(routes.find("www.example.org", "/app/x"), "www.example.org /app/");
  EXPECT_EQ(routes.find("www.example.org", "/img/x"), "*.example.org /img/");
  EXPECT_EQ(routes.find("www.example.org", "/other"), "any /");
}

TEST(router, a_route_is_only_for_its_listeners_and_goes_before_one_for_all) {
  Routes routes;
  routes.prefix("", "/").prefix("", "/", {1, 2}).prefix("", "/metrics", {3});
  routes.prefix("*.x", "/", {1}).prefix("a.x", "/", {2});
  EXPECT_EQ(routes.find("h", "/", 0), "any /");
  EXPECT_EQ(routes.find("h", "/", 1), "any /@1@2");
  EXPECT_EQ(routes.find("h", "/metrics", 2), "any /@1@2");
  EXPECT_EQ(routes.find("h", "/metrics", 3), "any /metrics@3");
  EXPECT_EQ(routes.find("a.x", "/", 1), "*.x /@1");
  EXPECT_EQ(routes.find("a.x", "/", 2), "a.x /@2");
  EXPECT_EQ(routes.find("a.x", "/", 3), "any /");
}

TEST(router, a_target_that_is_no_path_finds_nothing) {
  Routes routes;
  routes.prefix("", "/");
  EXPECT_EQ(routes.find("h", "*"), "none");
  EXPECT_EQ(routes.find("h", ""), "none");
}

/// The rules of the header, said as plainly as possible, to compare with.
int plain_rank(const conf::Route& route, const std::string& host, const std::string& path,
               uint32_t listener) {
  std::vector<uint32_t> here = route.listeners;
  if (!here.empty() && std::find(here.begin(), here.end(), listener) == here.end()) return -1;
  int rank = here.empty() ? 0 : 1;
  bool wildcard = route.host.starts_with("*.");
  std::string suffix = wildcard ? route.host.substr(1) : "";
  if (wildcard && (host.size() <= suffix.size() || !host.ends_with(suffix))) return -1;
  if (!wildcard && !route.host.empty() && route.host != host) return -1;
  if (wildcard) rank += static_cast<int>(suffix.size()) * 10000;
  if (!wildcard && !route.host.empty()) rank += 1000 * 10000;
  bool below =
      path.starts_with(route.path) && (route.path.back() == '/' || path[route.path.size()] == '/');
  if (path != route.path && (route.path_exact || !below)) return -1;
  return rank + static_cast<int>(route.path.size()) * 10 + (route.path_exact ? 5 : 0);
}

TEST(router, agrees_with_a_search_of_all_routes) {
  std::mt19937 random(11);
  auto one_of = [&](std::vector<std::string> words) { return words[random() % words.size()]; };
  auto some_host = [&] {
    std::string host = one_of({"a", "b"});
    for (unsigned n = random() % 3; n > 0; --n) host += one_of({".a", ".b", ".ab"});
    return host;
  };
  auto some_path = [&] {
    std::string path;
    for (unsigned n = random() % 4; n > 0; --n) path += one_of({"/a", "/b", "/ab", "a", "/"});
    return "/" + path;
  };
  for (int round = 0; round < 300; ++round) {
    Routes routes;
    std::vector<std::string> taken;
    for (unsigned n = random() % 25; n > 0; --n) {
      std::string host = one_of({"", some_host(), "*." + some_host()});
      std::string path = some_path();
      bool exact = random() % 3 == 0;
      uint32_t listener = random() % 4;
      std::string key = host + " " + path + (exact ? "=" : "") + std::to_string(listener);
      if (std::find(taken.begin(), taken.end(), key) != taken.end()) continue;
      taken.push_back(key);
      std::vector<uint32_t> listeners;
      if (listener != 3) listeners = {listener};
      exact ? routes.exact(host, path, listeners) : routes.prefix(host, path, listeners);
    }
    for (int lookup = 0; lookup < 200; ++lookup) {
      std::string host = some_host();
      std::string path = some_path();
      uint32_t listener = random() % 3;
      int best = -1;
      std::string expected = "none";
      for (const conf::Route& route : routes.config().routes) {
        int rank = plain_rank(route, host, path, listener);
        if (rank > best) best = rank, expected = route.name;
      }
      ASSERT_EQ(routes.find(host, path, listener), expected) << host << " " << path;
    }
  }
}

}  // namespace
}  // namespace ringwall::route
