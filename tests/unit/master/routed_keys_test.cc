#include "daemon/master/routed_keys.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

using Texts = std::vector<std::string>;

/// A config with two listeners; each test adds its routes.
struct Routes {
  std::shared_ptr<conf::Config> config = std::make_shared<conf::Config>();

  Routes() { config->listeners.resize(2); }
  conf::Route& add(std::string name, std::string host, std::string path) {
    conf::Route& route = config->routes.emplace_back();
    route.name = std::move(name);
    route.host = std::move(host);
    route.path = std::move(path);
    return route;
  }
  RoutedKeys keys() const { return RoutedKeys(config); }
};

TEST(RoutedKeys, of_a_url_are_those_of_its_route) {
  Routes routes;
  routes.add("all", "", "/");
  conf::CacheKey& key = routes.add("shop", "shop.example", "/").cache.key;
  key.query_sorted = true;
  key.path_lower_case = true;
  EXPECT_EQ(routes.keys().keys_of_url("http://a.example/B?y=1&x=2").keys,
            Texts{"http://a.example/B?y=1&x=2"});
  EXPECT_EQ(routes.keys().keys_of_url("shop.example/B?y=1&x=2").keys,
            Texts{"http://shop.example/b?x=2&y=1"});
  EXPECT_TRUE(routes.keys().keys_of_url("ftp://a.example/").keys.empty());
  EXPECT_TRUE(routes.keys().keys_of_url("").keys.empty());
}

TEST(RoutedKeys, with_fields_or_cookies_are_beginnings_too) {
  Routes routes;
  routes.add("all", "", "/").cache.key.cookies = {"lang"};
  RoutedKeys::Keys found = routes.keys().keys_of_url("http://a.example/");
  EXPECT_EQ(found.keys, Texts{"http://a.example/"});
  EXPECT_EQ(found.prefixes, Texts{"http://a.example/\n"});
}

TEST(RoutedKeys, of_a_url_that_listeners_route_differently_are_all) {
  Routes routes;
  routes.add("inside", "", "/").listeners = {0};
  conf::Route& outside = routes.add("outside", "", "/");
  outside.listeners = {1};
  outside.cache.key.host = false;
  EXPECT_EQ(routes.keys().keys_of_url("http://a.example/x").keys,
            (Texts{"http://a.example/x", "http://(outside)/x"}));
}

TEST(RoutedKeys, of_what_no_route_answers_any_more_are_the_plain_ones) {
  EXPECT_EQ(Routes().keys().keys_of_url("https://a.example/x?").keys,
            Texts{"https://a.example/x?"});
}

TEST(RoutedKeys, below_a_url_are_those_of_all_routes_that_may_be_there) {
  Routes routes;
  routes.add("shared", "*.example", "/img/").cache.key.host = false;
  routes.add("other", "other.test", "/").cache.key.host = false;
  routes.add("lower", "a.example", "/Docs/").cache.key.path_lower_case = true;
  EXPECT_EQ(routes.keys().below("http://A.example/Docs"),
            (Texts{"http://a.example/Docs", "http://(shared)/Docs", "http://a.example/docs"}));
  EXPECT_EQ(routes.keys().below("http://a.test"), Texts{"http://a.test/"});
  EXPECT_TRUE(routes.keys().below("http://").empty());
}

TEST(RoutedKeys, at_a_host_are_those_of_both_schemes_and_all_ports) {
  EXPECT_EQ(Routes().keys().at_host("A.example"),
            (Texts{"http://a.example:", "http://a.example/", "https://a.example:",
                   "https://a.example/"}));
  EXPECT_EQ(Routes().keys().at_host("a.example:8080"),
            (Texts{"http://a.example:8080/", "https://a.example:8080/"}));
  EXPECT_EQ(Routes().keys().at_host("[::1]"),
            (Texts{"http://[::1]:", "http://[::1]/", "https://[::1]:", "https://[::1]/"}));
  EXPECT_TRUE(Routes().keys().at_host("a.example/x").empty());
}

TEST(RoutedKeys, place_a_url_as_its_request_would_be) {
  auto place = RoutedKeys::place_of("http://A.example:8080/a/../b?q");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->host, "a.example");
  EXPECT_EQ(place->path, "/b");
  EXPECT_FALSE(RoutedKeys::place_of("http:///x"));
}

TEST(GroupSpace, is_the_origin_with_its_port) {
  EXPECT_EQ(group_space_of("http://A.example"), "group:http://a.example:0");
  EXPECT_EQ(group_space_of("http://a.example:80/"), "group:http://a.example:0");
  EXPECT_EQ(group_space_of("https://a.example:8443"), "group:https://a.example:8443");
  EXPECT_EQ(group_space_of("http://[::1]:81"), "group:http://[::1]:81");
  EXPECT_EQ(group_space_of("a.example"), "");
  EXPECT_EQ(group_space_of("http://a.example/x"), "");
  EXPECT_EQ(group_space_of("http://a.example?x"), "");
}

}  // namespace
}  // namespace ringwall::master
