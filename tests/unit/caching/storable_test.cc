// What may be stored, and with which flags; how long it is fresh is in lifetime_test.cc.
#include "daemon/caching/storable.h"

#include "daemon/caching/freshness.h"
#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

constexpr base::WallSeconds now = 1'700'000'000;

Verdict verdict(int status, const std::string& fields, bool authorized = false,
                const conf::RouteCache& settings = {}) {
  Response response(status, "Date: " + date(now) + "\r\n" + fields);
  return judge(response.head, authorized, Times{now, now}, settings);
}

Verdict of_cache_control(const std::string& value) {
  return verdict(200, line("Cache-Control", value));
}

struct Case {
  std::string fields;
  const char* reason;
};

// RFC 9111 section 3.
TEST(Storable, what_is_not_to_be_stored_is_refused_with_the_reason) {
  const Case cases[] = {
      {"Cache-Control: no-store, max-age=60\r\n", "no-store"},
      {"Cache-Control: max-age=60\r\nCache-Control: NO-STORE\r\n", "no-store"},
      {"Cache-Control: max-age=60, no-store=\"\"\r\n", "no-store"},
      {"Cache-Control: private, max-age=60\r\n", "private"},
      {"Cache-Control: public, private, max-age=60\r\n", "private"},
      {"Cache-Control: private=\"a b\", max-age=60\r\n", "private"},
      {"Cache-Control: max-age=60\r\nVary: *\r\n", "vary"},
      {"Cache-Control: max-age=60\r\nVary: Accept, *\r\n", "vary"},
      {"Cache-Control: max-age=60\r\nVary: *, Accept\r\n", "vary"},
      {"Cache-Control: max-age=60\r\nVary:\r\nVary: *\r\n", "vary"},
      {"Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n", "set-cookie"},
      {"Cache-Control: public, max-age=60\r\nSet-Cookie: a=b\r\n", "set-cookie"},
      {"Cache-Control: max-age=60, private=\"x\"\r\nSet-Cookie: a=b\r\n", "set-cookie"},
      {"Cache-Control: max-age=60, ext=\"a\r\n", "no-store"},
      {"Cache-Control: no-cache\r\n", "no-cache"},
      {"Cache-Control: max-age=0\r\n", "stale-on-arrival"},
      {"Expires: 0\r\n", "stale-on-arrival"},
      {"", "no-lifetime"},
  };
  for (const Case& c : cases) {
    Verdict made = verdict(200, c.fields);
    EXPECT_FALSE(made.store) << c.fields;
    EXPECT_EQ(made.reason, c.reason) << c.fields;
  }
}

TEST(Storable, any_final_status_with_a_lifetime_is_stored_but_206_and_304) {
  for (int status = 200; status <= 599; ++status) {
    bool stored = verdict(status, "Cache-Control: max-age=60\r\n").store;
    EXPECT_EQ(stored, status != 206 && status != 304) << status;
  }
  EXPECT_EQ(verdict(206, "Cache-Control: max-age=60\r\n").reason, "status");
  EXPECT_EQ(verdict(304, "Cache-Control: max-age=60\r\n").reason, "status");
  EXPECT_EQ(verdict(103, "Cache-Control: max-age=60\r\n").reason, "status");
}

TEST(Storable, a_status_that_is_not_cacheable_by_itself_needs_more_than_a_validator) {
  for (int status : {201, 202, 302, 303, 307, 400, 403, 418, 500, 503, 599}) {
    EXPECT_EQ(verdict(status, "ETag: \"a\"\r\n").reason, "no-lifetime") << status;
    EXPECT_TRUE(verdict(status, "ETag: \"a\"\r\nCache-Control: public\r\n").store) << status;
  }
}

// Section 5.2.2.3.
TEST(Storable, must_understand_stores_what_is_understood_and_nothing_else) {
  EXPECT_TRUE(of_cache_control("must-understand, max-age=60").store);
  EXPECT_TRUE(of_cache_control("must-understand, no-store, max-age=60").store);
  Verdict unknown = verdict(299, "Cache-Control: must-understand, max-age=60\r\n");
  EXPECT_EQ(unknown.reason, "must-understand");
  EXPECT_EQ(of_cache_control("must-understand, private, max-age=60").reason, "private");
  EXPECT_FALSE(of_cache_control("must-understand, max-age=60, x=\"no-store").store);
}

// Section 3.5.
TEST(Storable, responses_to_credentials_are_shared_only_where_they_say_so) {
  const std::pair<const char*, bool> cases[] = {{"max-age=60", false},
                                                {"public, max-age=60", true},
                                                {"s-maxage=60", true},
                                                {"must-revalidate, max-age=60", true},
                                                {"s-maxage=0", true},
                                                {"proxy-revalidate, max-age=60", false},
                                                {"immutable, max-age=60", false}};
  for (auto [value, shared] : cases) {
    std::string fields = line("Cache-Control", value) + "ETag: \"a\"\r\n";
    Verdict made = verdict(200, fields, true);
    EXPECT_EQ(made.store, shared) << value;
    EXPECT_EQ(made.reason == "authorization", !shared) << value;
    EXPECT_EQ(has(verdict(200, fields).facts, Flag::for_credentials), shared) << value;
  }
}

// Sections 5.2.2.2, 5.2.2.8 and 5.2.2.10.
TEST(Storable, what_must_be_validated_once_stale_is_marked) {
  for (const char* value :
       {"must-revalidate, max-age=60", "proxy-revalidate, max-age=60", "s-maxage=60"}) {
    EXPECT_TRUE(has(of_cache_control(value).facts, Flag::must_revalidate)) << value;
  }
  EXPECT_FALSE(has(of_cache_control("max-age=60, immutable").facts, Flag::must_revalidate));
}

TEST(Storable, validators_are_known_by_their_strength) {
  struct {
    std::string fields;
    bool validator;
    bool strong;
  } cases[] = {{"ETag: \"a\"\r\n", true, true},
               {"ETag: W/\"a\"\r\n", true, false},
               {"ETag: a\r\n", false, false},
               {"ETag: \"a\"\r\nETag: \"b\"\r\n", false, false},
               {"Last-Modified: " + date(now - 5) + "\r\n", true, false},
               {"Last-Modified: yesterday\r\n", false, false},
               {"", false, false}};
  for (const auto& c : cases) {
    Verdict made = verdict(200, "Cache-Control: max-age=60\r\n" + c.fields);
    EXPECT_EQ(has(made.facts, Flag::validator), c.validator) << c.fields;
    EXPECT_EQ(has(made.facts, Flag::strong_validator), c.strong) << c.fields;
  }
}

// Sections 5.2.2.4 and 5.2.2.7: the fields that are named are withheld, the rest is stored.
TEST(Storable, fields_named_by_private_and_no_cache_are_withheld) {
  Response response(200,
                    "Cache-Control: max-age=60, private=\"A, set-cookie\"\r\n"
                    "Cache-Control: no-cache=b\r\na: 1\r\nB: 2\r\nC: 3\r\nSet-Cookie: x=y\r\n");
  conf::RouteCache settings;
  Verdict made = judge(response.head, false, Times{now, now}, settings);
  EXPECT_TRUE(made.store);
  EXPECT_TRUE(made.withholds);
  EXPECT_FALSE(has(made.facts, Flag::always_validate));
  std::string withheld;
  for (const http::Field& field : response.head.fields) {
    if (!is_withheld(response.head.fields, field, settings)) continue;
    withheld += std::string(response.head.fields.name(field)) + " ";
  }
  EXPECT_EQ(withheld, "a B Set-Cookie ");
  EXPECT_FALSE(of_cache_control("max-age=60").withholds);
}

TEST(Storable, a_withheld_validator_is_none) {
  Verdict made = of_cache_control("max-age=60, no-cache=\"etag\"");
  EXPECT_TRUE(made.store);
  made = verdict(200, "Cache-Control: max-age=60, no-cache=\"etag\"\r\nETag: \"a\"\r\n");
  EXPECT_FALSE(has(made.facts, Flag::validator));
  EXPECT_FALSE(has(made.facts, Flag::strong_validator));
}

// RFC 9213 section 2: the first targeted field that is valid and not empty decides alone.
TEST(Storable, targeted_fields_decide_fully_and_alone) {
  conf::RouteCache settings;
  settings.targeted_field = "Edge-Control";
  struct {
    std::string fields;
    const char* reason;  // that the lifetime came from, or why it is not stored
    uint32_t lifetime;
    bool targeted;
  } cases[] = {
      {"CDN-Cache-Control: max-age=7\r\nCache-Control: no-store\r\n", "max-age", 7, true},
      {"CDN-Cache-Control: max-age=7\r\nExpires: 0\r\n", "max-age", 7, true},
      {"CDN-Cache-Control: no-store\r\nCache-Control: max-age=60\r\n", "no-store", 0, true},
      {"CDN-Cache-Control: private\r\nCache-Control: max-age=60\r\n", "private", 0, true},
      {"CDN-Cache-Control: no-cache\r\nCache-Control: max-age=60\r\n", "no-cache", 0, true},
      {"CDN-Cache-Control: foo\r\nCache-Control: max-age=60\r\n", "no-lifetime", 0, true},
      {"CDN-Cache-Control: foo\r\nExpires: " + date(now + 9) + "\r\n", "no-lifetime", 0, true},
      {"CDN-Cache-Control: max-age=\"7\"\r\nCache-Control: max-age=60\r\n", "no-lifetime", 0, true},
      {"CDN-Cache-Control: max-age=7, &\r\nCache-Control: max-age=60\r\n", "max-age", 60, false},
      {"CDN-Cache-Control: max-age=7, &\r\nCache-Control: no-store\r\n", "no-store", 0, false},
      {"CDN-Cache-Control:\r\nCache-Control: max-age=60\r\n", "max-age", 60, false},
      {"CDN-Cache-Control: s-maxage=5\r\nCDN-Cache-Control: max-age=7\r\n", "s-maxage", 5, true},
      {"edge-control: max-age=3\r\nCDN-Cache-Control: no-store\r\n", "max-age", 3, true},
      {"Edge-Control: max-age=3,\r\nCDN-Cache-Control: max-age=7\r\n", "max-age", 7, true},
      {"Surrogate-Control: max-age=3\r\nCache-Control: max-age=60\r\n", "max-age", 60, false},
      {"Surrogate-Control: no-store\r\nCache-Control: max-age=60\r\n", "max-age", 60, false}};
  for (const auto& c : cases) {
    Verdict made = verdict(200, c.fields, false, settings);
    EXPECT_EQ(made.reason, c.reason) << c.fields;
    EXPECT_EQ(made.facts.lifetime_s, c.lifetime) << c.fields;
    EXPECT_EQ(has(made.facts, Flag::targeted), made.store && c.targeted) << c.fields;
  }
}

TEST(Storable, a_targeted_field_withholds_what_it_names_itself) {
  Response response(200,
                    "CDN-Cache-Control: max-age=60, private=\"a\"\r\n"
                    "Cache-Control: private=\"b\"\r\nA: 1\r\nB: 2\r\n");
  const http::FieldSection& fields = response.head.fields;
  EXPECT_TRUE(is_withheld(fields, fields.begin()[2], {}));
  EXPECT_FALSE(is_withheld(fields, fields.begin()[3], {}));
  Directives decided = directives_of(fields, {});
  EXPECT_TRUE(decided.targeted);
  EXPECT_EQ(decided.from, http::FieldName::cdn_cache_control);
}

// Gone with RFC 9111: no warn-code stands in the way of storing.
TEST(Storable, warning_and_pragma_of_responses_mean_nothing) {
  EXPECT_TRUE(verdict(200, "Cache-Control: max-age=60\r\nWarning: 110 - \"x\"\r\n").store);
  EXPECT_TRUE(verdict(200, "Cache-Control: max-age=60\r\nPragma: no-cache\r\n").store);
}

TEST(Storable, what_is_kept_of_the_response_is_complete) {
  Verdict made = verdict(404,
                         "Cache-Control: max-age=60, stale-while-revalidate=30, stale-if-error=90"
                         "\r\n");
  EXPECT_EQ(made.facts.response_time_s, static_cast<uint32_t>(now));
  EXPECT_EQ(made.facts.status, 404);
  EXPECT_EQ(made.facts.stale_while_revalidate_s, 30u);
  EXPECT_EQ(made.facts.stale_if_error_s, 90u);
  EXPECT_EQ(made.facts.flags, 0);
}

}  // namespace
}  // namespace ringwall::caching
