#include "daemon/http/cache_control.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

CacheControl of(std::string_view value) {
  CacheControl out;
  add_cache_control(value, out);
  return out;
}

TEST(CacheControl, directives_are_read_in_any_case) {
  CacheControl control =
      of("Max-Age=60, s-maxage=\"30\", PUBLIC, must-revalidate, immutable,"
         "proxy-revalidate, no-transform, must-understand, only-if-cached");
  EXPECT_EQ(control.max_age, 60u);
  EXPECT_EQ(control.s_maxage, 30u);
  EXPECT_TRUE(control.public_ && control.must_revalidate && control.immutable &&
              control.proxy_revalidate && control.no_transform && control.must_understand &&
              control.only_if_cached);
  EXPECT_FALSE(control.no_store || control.no_cache || control.private_);
}

TEST(CacheControl, all_lines_count) {
  WithFields parsed("Cache-Control: max-age=60\r\nX: y\r\ncache-control: no-store\r\n");
  CacheControl control = parse_cache_control(parsed.fields());
  EXPECT_EQ(control.max_age, 60u);
  EXPECT_TRUE(control.no_store);
  WithFields targeted("CDN-Cache-Control: max-age=7\r\nCache-Control: max-age=60\r\n");
  EXPECT_EQ(parse_cache_control(targeted.fields(), FieldName::cdn_cache_control).max_age, 7u);
}

TEST(CacheControl, of_repeated_lifetimes_the_smallest_counts) {
  EXPECT_EQ(of("max-age=60, max-age=5, max-age=70").max_age, 5u);
  EXPECT_EQ(of("max-age=60, max-age=x").max_age, 0u);
  EXPECT_EQ(of("min-fresh=5, min-fresh=60").min_fresh, 60u);
}

TEST(CacheControl, an_invalid_lifetime_is_stale) {
  for (const char* value : {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=1s",
                            "max-age=\"1", "max-age=1 2", "max-age='1'", "max-age=+1"}) {
    EXPECT_EQ(of(value).max_age, 0u) << value;
  }
  EXPECT_EQ(of("stale-while-revalidate=x").stale_while_revalidate, 0u);
  EXPECT_EQ(of("min-fresh=x").min_fresh, delta_seconds_max);
}

TEST(CacheControl, numbers_saturate) {
  EXPECT_EQ(of("max-age=2147483647").max_age, 2147483647u);
  EXPECT_EQ(of("max-age=2147483648").max_age, delta_seconds_max);
  EXPECT_EQ(of("max-age=99999999999999999999999999").max_age, delta_seconds_max);
  EXPECT_EQ(of("max-age=0000000000000000000000005").max_age, 5u);
}

TEST(CacheControl, qualified_forms_are_told_from_bare_ones) {
  CacheControl control = of("no-cache=\"set-cookie, x\", private=\"y\"");
  EXPECT_TRUE(control.no_cache_fields && !control.no_cache);
  EXPECT_TRUE(control.private_fields && !control.private_);
  EXPECT_TRUE(of("no-cache=set-cookie").no_cache_fields);
  EXPECT_TRUE(of("no-cache=\"\"").no_cache);
  EXPECT_TRUE(of("no-cache=").no_cache);
  EXPECT_TRUE(of("private=\"a b\"").private_);
  EXPECT_TRUE(of("private, private=\"a\"").private_);
}

TEST(CacheControl, max_stale_has_two_forms) {
  EXPECT_TRUE(of("max-stale").max_stale_any);
  EXPECT_EQ(of("max-stale").max_stale, std::nullopt);
  EXPECT_EQ(of("max-stale=10").max_stale, 10u);
  EXPECT_FALSE(of("max-stale=10").max_stale_any);
  EXPECT_EQ(of("max-stale=x").max_stale, 0u);
}

TEST(CacheControl, a_restriction_counts_with_a_broken_or_needless_argument) {
  EXPECT_TRUE(of("no-store=1").no_store);
  EXPECT_TRUE(of("no-store=\"").no_store);
  EXPECT_TRUE(of("no-store; private").no_store);
  EXPECT_TRUE(of("private;max-age=5").private_);
  EXPECT_TRUE(of("no-cache max-age=5").no_cache);
  EXPECT_FALSE(of("public; max-age=5").public_);
  EXPECT_EQ(of("public; max-age=5").max_age, std::nullopt);
}

TEST(CacheControl, what_an_unclosed_quote_swallows_is_not_overlooked) {
  EXPECT_TRUE(of("x=\"a, no-store").no_store);
  EXPECT_TRUE(of("max-age=60, private=\"a, no-store").no_store);
  EXPECT_FALSE(of("x=\"a, no-store\"").no_store);
  // must-understand lets no-store be overlooked, but not what nobody could read.
  EXPECT_TRUE(of("must-understand, x=\"a").private_);
}

TEST(CacheControl, one_broken_name_makes_the_qualified_form_the_bare_one) {
  EXPECT_TRUE(of("private=\"a, b c\"").private_);
  EXPECT_FALSE(of("private=\"a, b c\"").private_fields);
  EXPECT_TRUE(of("no-cache=\"a;b\"").no_cache);
}

TEST(CacheControl, qualified_forms_name_their_fields) {
  EXPECT_TRUE(names_field("max-age=1, no-cache=\"a, Set-Cookie\"", "set-cookie"));
  EXPECT_TRUE(names_field("PRIVATE=x", "X"));
  EXPECT_TRUE(names_field("private=\"x\", private=\"y\"", "y"));
  EXPECT_FALSE(names_field("no-cache=\"a\"", "b"));
  EXPECT_FALSE(names_field("no-cache", "no-cache"));
  EXPECT_FALSE(names_field("ext=\"a, private=b\"", "b"));
  EXPECT_TRUE(names_field("private=\"a, b\", max-age=5", "B", true));
  EXPECT_FALSE(names_field("private=b", "b", true));
  EXPECT_FALSE(names_field("private=\"b\", &", "b", true));
}

// RFC 9213 section 2.1.
TEST(CacheControl, a_targeted_field_is_a_dictionary) {
  auto control = parse_targeted(
      "max-age=60;x=1, s-maxage=-1, stale-if-error=99999999999, no-cache=\"a\", public, foo");
  ASSERT_TRUE(control);
  EXPECT_EQ(control->max_age, 60u);
  EXPECT_EQ(control->s_maxage, 0u);
  EXPECT_EQ(control->stale_if_error, delta_seconds_max);
  EXPECT_TRUE(control->no_cache_fields && !control->no_cache && control->public_);
  EXPECT_EQ(parse_targeted("max-age=1, max-age=2")->max_age, 2u);
}

TEST(CacheControl, a_targeted_field_that_is_empty_or_invalid_is_absent) {
  for (const char* text : {"", " ", "max-age=10000, &&&&&", "max-age =100", "max-age= 100",
                           "MaX-aGe=3600", "max-age=1,", "max-age=\"1", "max-age=1 no-store"}) {
    EXPECT_FALSE(parse_targeted(text)) << text;
  }
}

TEST(CacheControl, in_a_targeted_field_types_count) {
  for (const char* text :
       {"max-age=\"60\"", "max-age=x", "max-age=1.5", "max-age", "max-age=:YQ==:", "max-age=(60)",
        "public=?0", "public=1", "must-revalidate=\"x\"", "no-store=?0", "no-cache=?0",
        "private=?0", "foo"}) {
    EXPECT_EQ(parse_targeted(text), CacheControl()) << text;
  }
  EXPECT_TRUE(parse_targeted("no-store=1")->no_store);
  EXPECT_TRUE(parse_targeted("no-cache=a")->no_cache);
  EXPECT_TRUE(parse_targeted("private=\"\"")->private_);
  EXPECT_TRUE(parse_targeted("private=(\"a\")")->private_);
}

TEST(CacheControl, unknown_directives_are_ignored) {
  EXPECT_EQ(of("foo, bar=1, no-storex, xno-store, , =, community=\"UCI\""), CacheControl());
  EXPECT_EQ(of(""), CacheControl());
}

TEST(CacheControl, pragma_counts_only_alone) {
  EXPECT_TRUE(pragma_no_cache(WithFields("Pragma: x, No-Cache\r\n").fields()));
  EXPECT_FALSE(pragma_no_cache(WithFields("Pragma: x\r\n").fields()));
  EXPECT_FALSE(
      pragma_no_cache(WithFields("Pragma: no-cache\r\nCache-Control: max-age=1\r\n").fields()));
}

}  // namespace
}  // namespace ringwall::http
