// The config of caching: conf/schema_cache.cc, conf/check_cache.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/conf/config_text.h"

namespace ringwall::conf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// The cache settings of a route that is written with these.
RouteCache settings(const std::string& text) {
  LoadResult result = load_text(least + "cache = { " + text + " }\n");
  EXPECT_THAT(result.errors, IsEmpty()) << text << ": " << result.errors[0].text();
  return result.errors.empty() ? result.config->routes[0].cache : RouteCache();
}

std::vector<std::string> complaints(const std::string& text) {
  return errors_with("cache = { " + text + " }\n");
}

TEST(cache_settings, defaults_are_the_rfcs_and_no_more) {
  RouteCache cache = settings("");
  EXPECT_TRUE(cache.enabled);
  EXPECT_EQ(cache.default_lifetime, std::nullopt);
  EXPECT_EQ(cache.heuristic_percent, 10u);
  EXPECT_EQ(cache.heuristic_max, 24h);
  EXPECT_EQ(cache.grace, 0s);
  EXPECT_EQ(cache.uncacheable_time, 10s);
  EXPECT_TRUE(cache.client_directives);
  EXPECT_EQ(cache.variants_max, 64u);
  EXPECT_EQ(cache.accept_encoding, RouteCache::Encodings::canonical);
  EXPECT_TRUE(cache.key.query);
  EXPECT_TRUE(cache.key.host);
  EXPECT_THAT(cache.negative, IsEmpty());
}

TEST(cache_settings, a_route_without_a_cache_table_has_the_same_defaults) {
  LoadResult result = load_text(least);
  EXPECT_EQ(result.config->routes[0].cache.heuristic_percent, 10u);
  EXPECT_EQ(result.config->routes[0].cache.key.query, true);
  EXPECT_FALSE(load_text(least + "cache = false\n").config->routes[0].cache.enabled);
}

TEST(cache_settings, negative_lifetimes_stand_by_status) {
  RouteCache cache = settings("negative = { 404 = \"10s\", 503 = \"1s\" }");
  EXPECT_THAT(cache.negative,
              ElementsAre(NegativeLifetime{404, 10s}, NegativeLifetime{503, 1s}));
  EXPECT_THAT(complaints("negative = { 99 = \"1s\", no = \"1s\", 404 = 5 }"),
              ElementsAre(HasSubstr("route.cache.negative.99: not a status"),
                          HasSubstr("route.cache.negative.no: not a status"),
                          HasSubstr("route.cache.negative.404: the integer 5 has no unit")));
}

TEST(cache_settings, the_key_has_a_table_of_its_own) {
  RouteCache cache = settings(
      "key = { query_without = [\"utm_*\"], query_sorted = true, fields = [\"X-A\"], "
      "cookies = [\"lang\"], host = false }");
  EXPECT_THAT(cache.key.query_without, ElementsAre("utm_*"));
  EXPECT_TRUE(cache.key.query_sorted);
  EXPECT_FALSE(cache.key.host);
  EXPECT_THAT(cache.key.fields, ElementsAre("X-A"));
  EXPECT_THAT(complaints("key = { fields = [\"X A\"], cookies = [\"a;b\"] }"),
              ElementsAre(HasSubstr("route.cache.key.fields: \"X A\" is no field name"),
                          HasSubstr("route.cache.key.cookies: \"a;b\" is no name of a cookie")));
  EXPECT_THAT(complaints("key = { query = false, query_only = [\"a\"] }"),
              ElementsAre(HasSubstr("route.cache.key.query_only: no effect")));
  EXPECT_THAT(complaints("key = { qury = false }"),
              ElementsAre("route.cache.key.qury: unknown key; did you mean \"query\"?"));
}

TEST(cache_settings, names_of_fields_are_tokens) {
  EXPECT_THAT(complaints("targeted_field = \"a b\""),
              ElementsAre(HasSubstr("route.cache.targeted_field: \"a b\" is no field name")));
  EXPECT_THAT(complaints("tag_fields = [\"Cache-Tag\", \"\"]"),
              ElementsAre(HasSubstr("route.cache.tag_fields: \"\" is no field name")));
  EXPECT_THAT(complaints("languages = [\"d e\"]"),
              ElementsAre(HasSubstr("route.cache.languages: \"d e\" is no language")));
}

TEST(cache_settings, lists_hold_strings_only) {
  EXPECT_THAT(complaints("tag_fields = \"xkey\""),
              ElementsAre("route.cache.tag_fields: the string \"xkey\"; expected a list of "
                          "strings; write [\"xkey\"]"));
}

TEST(cache_settings, who_may_purge_by_request) {
  LoadResult result = load_text("[cache]\npurge_from = [\"127.0.0.0/8\"]\npurge_token = \"t\"\n"
                                "purge_soft = false\n" + least);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_TRUE(result.config->cache.purge_from.contains(*base::Address::parse("127.0.0.1:1")));
  EXPECT_FALSE(result.config->cache.purge_soft);
  EXPECT_THAT(warnings_of("[cache]\npurge_token = \"t\"\n" + least),
              ElementsAre(HasSubstr("cache.purge_token: no effect")));
}

}  // namespace
}  // namespace ringwall::conf
