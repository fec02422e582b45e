// How long a response is fresh and how old it came (RFC 9111 section 4.2), and what is kept of one
// that is not fresh at all.
#include "daemon/caching/freshness.h"
#include "daemon/caching/storable.h"
#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr base::WallSeconds now = 1'700'000'000;
constexpr base::WallSeconds day = 86400;

Verdict verdict(const std::string& fields, const conf::RouteCache& settings = {},
                int status = 200) {
  Response response(status, line("Date", date(now)) + fields);
  return judge(response.head, false, Times{now, now}, settings);
}

Verdict undated(const std::string& fields, const Times& times = {now, now}) {
  return judge(Response(200, fields).head, false, times, {});
}

// Section 4.2.1.
TEST(Lifetime, what_the_response_names_counts_in_this_order) {
  struct {
    std::string fields;
    uint32_t lifetime;
    const char* reason;
  } cases[] = {
      {"Cache-Control: max-age=60\r\n", 60, "max-age"},
      {"Cache-Control: MAX-AGE=060\r\n", 60, "max-age"},
      {"Cache-Control: max-age=\"60\"\r\n", 60, "max-age"},
      {"Cache-Control: max-age=60, s-maxage=90\r\n", 90, "s-maxage"},
      {"Cache-Control: max-age=60, s-maxage=9\r\n", 9, "s-maxage"},
      {line("Expires", date(now + 30)), 30, "expires"},
      {"Cache-Control: max-age=60\r\n" + line("Expires", date(now - 30)), 60, "max-age"},
      {"Cache-Control: max-age=60\r\nExpires: 0\r\n", 60, "max-age"},
      {"Cache-Control: foo=\"max-age=1\", max-age=60\r\n", 60, "max-age"},
      {"Cache-Control: max-age=60, foo=\"max-age=1\"\r\n", 60, "max-age"},
      {"Cache-Control: max-age=60\r\nCache-Control: max-age=5\r\n", 5, "max-age"},
      {"Cache-Control: max-age=99999999999999999999\r\n", http::delta_seconds_max, "max-age"},
      {"Cache-Control: foo\r\n" + line("Expires", date(now + 30)), 30, "expires"}};
  for (const auto& c : cases) {
    Verdict made = verdict(c.fields);
    EXPECT_TRUE(made.store) << c.fields;
    EXPECT_EQ(made.facts.lifetime_s, c.lifetime) << c.fields;
    EXPECT_EQ(made.reason, c.reason) << c.fields;
  }
}

TEST(Lifetime, an_invalid_one_is_none_whatever_else_is_there) {
  std::string expires = line("Expires", date(now + 30));
  for (const char* value : {"max-age=x", "max-age=1.5", "max-age=-1", "max-age", "max-age=",
                            "max-age='60'", "max-age=0, max-age=60", "s-maxage=x, max-age=60"}) {
    EXPECT_EQ(verdict(line("Cache-Control", value) + expires).reason, "stale-on-arrival") << value;
  }
}

// Sections 5.3 and 4.2.1.
TEST(Lifetime, expires_is_a_date_or_past) {
  for (const std::string& value :
       {std::string("0"), std::string("-1"), std::string("now"), date(now), date(now - 1),
        date(now + 9) + ", " + date(now + 9), "\"" + date(now + 9) + "\"",
        date(now + 9).substr(0, 26) + "UTC", std::string("Thu, 01 Jan 70 00:00:00 GMT")}) {
    EXPECT_EQ(verdict("Expires: " + value + "\r\n").reason, "stale-on-arrival") << value;
  }
  std::string twice = line("Expires", date(now + 9)) + line("Expires", date(now + 9));
  EXPECT_EQ(verdict(twice).reason, "stale-on-arrival");
}

TEST(Lifetime, expires_is_measured_against_date_not_against_our_clock) {
  std::string fields = line("Date", date(now - 100)) + line("Expires", date(now + 100));
  Verdict made = undated(fields);
  EXPECT_TRUE(made.store);
  EXPECT_EQ(made.facts.lifetime_s, 200u);
  EXPECT_EQ(current_age(made.facts, now), 100u);
  // An origin ahead of us: what it sends is not fresh for longer.
  made = undated(line("Date", date(now + 500)) + line("Expires", date(now + 560)));
  EXPECT_EQ(made.facts.lifetime_s, 60u);
  EXPECT_EQ(current_age(made.facts, now), 0u);
  // Without a date that can be read, the time it came.
  for (const char* lines : {"", "Date: x\r\n"}) {
    made = undated(lines + line("Expires", date(now + 60)));
    EXPECT_EQ(made.facts.lifetime_s, 60u) << lines;
  }
}

// Section 4.2.3.
TEST(Lifetime, age_counts_the_way_here) {
  std::string fields = line("Date", date(now)) + "Cache-Control: max-age=60\r\nAge: 20\r\n";
  Verdict made = undated(fields, {now - 3, now});
  EXPECT_EQ(made.facts.age_at_response_s, 23u);
  made = undated(line("Date", date(now - 40)) + "Cache-Control: max-age=60\r\nAge: 20\r\n",
                 {now - 3, now});
  EXPECT_EQ(made.facts.age_at_response_s, 40u);
  made = undated(fields, {now + 3, now});  // the clock was set back meanwhile
  EXPECT_EQ(made.facts.age_at_response_s, 20u);
}

// Section 5.1: the first member of a list counts; what is no number is ignored.
TEST(Lifetime, age_is_read_from_its_first_member) {
  const std::pair<const char*, uint32_t> cases[] = {
      {"Age: 7200\r\n", 7200},
      {"Age: 7200, 0\r\n", 7200},
      {"Age: 7200\r\nAge: 0\r\n", 7200},
      {"Age: 0, 7200\r\n", 0},
      {"Age: 0\r\nAge: 7200\r\n", 0},
      {"Age: , 5\r\n", 5},
      {"Age: abc\r\n", 0},
      {"Age: -7200\r\n", 0},
      {"Age: 7200.0\r\n", 0},
      {"Age: \"7200\"\r\n", 0},
      {"Age:\r\n", 0},
      {"Age: 2147483648\r\n", http::delta_seconds_max},
      {"Age: 4294967296\r\n", http::delta_seconds_max},
      {"Age: 99999999999999999999\r\n", http::delta_seconds_max}};
  for (auto [fields, age] : cases) {
    Verdict made = verdict(std::string(fields) + "ETag: \"a\"\r\nCache-Control: max-age=3600\r\n");
    EXPECT_TRUE(made.store) << fields;
    EXPECT_EQ(made.facts.age_at_response_s, age) << fields;
    EXPECT_EQ(has(made.facts, Flag::always_validate), age >= 3600) << fields;
  }
}

// Section 4.2.2.
TEST(Lifetime, without_any_a_tenth_of_the_time_since_the_last_change_is_guessed) {
  std::string modified = line("Last-Modified", date(now - 10 * day));
  conf::RouteCache settings;
  Verdict made = verdict(modified, settings);
  EXPECT_EQ(made.facts.lifetime_s, day);
  EXPECT_EQ(made.reason, "heuristic");
  EXPECT_TRUE(has(made.facts, Flag::heuristic));
  settings.heuristic_percent = 25;
  settings.heuristic_max = hours(1);
  EXPECT_EQ(verdict(modified, settings).facts.lifetime_s, 3600u);
  settings.heuristic_max = {};
  EXPECT_EQ(verdict(modified, settings).facts.lifetime_s, 5 * day / 2);
  // Where it is switched off, the validator is what the response is kept for.
  settings.heuristic_percent = 0;
  made = verdict(modified, settings);
  EXPECT_EQ(made.facts.lifetime_s, 0u);
  EXPECT_EQ(made.reason, "none");
  EXPECT_TRUE(has(made.facts, Flag::always_validate));
}

TEST(Lifetime, nothing_is_guessed_against_the_response) {
  std::string modified = line("Last-Modified", date(now - 10 * day));
  for (const char* fields : {"Cache-Control: max-age=0\r\n", "Expires: 0\r\n",
                             "Cache-Control: no-cache\r\n", "Cache-Control: s-maxage=0\r\n"}) {
    Verdict made = verdict(modified + fields);
    EXPECT_EQ(made.facts.lifetime_s, 0u) << fields;
    EXPECT_TRUE(has(made.facts, Flag::always_validate)) << fields;
    EXPECT_FALSE(has(made.facts, Flag::heuristic)) << fields;
  }
  Verdict made = verdict(line("Last-Modified", date(now + day)));
  EXPECT_TRUE(has(made.facts, Flag::always_validate));
  EXPECT_FALSE(verdict("Last-Modified: 2020\r\n").store);
}

// RFC 9110 section 15.1; RFC 9111 section 5.2.2.9.
TEST(Lifetime, guesses_are_for_statuses_that_allow_them_or_public) {
  std::string modified = line("Last-Modified", date(now - 10 * day));
  for (int status = 200; status < 600; ++status) {
    if (status == 206 || status == 304) continue;
    bool allowed = false;
    for (int known : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
      allowed = allowed || status == known;
    }
    EXPECT_EQ(verdict(modified, {}, status).store, allowed) << status;
    EXPECT_TRUE(verdict(modified + "Cache-Control: public\r\n", {}, status).store) << status;
  }
}

TEST(Lifetime, the_operators_lifetimes_stand_in_where_none_is_named) {
  conf::RouteCache settings;
  settings.negative = {{404, seconds(10)}, {503, seconds(1)}, {410, seconds(0)}};
  settings.default_lifetime = seconds(300);
  std::string modified = line("Last-Modified", date(now - 10 * day));
  struct {
    int status;
    std::string fields;
    uint32_t lifetime;
    const char* reason;
  } cases[] = {{404, "", 10, "negative"},
               {503, "", 1, "negative"},
               {503, modified, 1, "negative"},
               {404, "Cache-Control: max-age=60\r\n", 60, "max-age"},
               {404, "Cache-Control: no-store\r\n", 0, "no-store"},
               {404, "Cache-Control: max-age=0\r\n", 0, "stale-on-arrival"},
               {410, "", 0, "stale-on-arrival"},
               {200, "", 300, "default"},
               {200, modified, 300, "default"},
               {200, "Cache-Control: no-cache\r\n", 0, "no-cache"},
               {200, "Expires: 0\r\n", 0, "stale-on-arrival"},
               {302, "", 0, "no-lifetime"},
               {302, "Cache-Control: public\r\n", 300, "default"},
               {500, "", 0, "no-lifetime"}};
  for (const auto& c : cases) {
    Verdict made = verdict(c.fields, settings, c.status);
    EXPECT_EQ(made.reason, c.reason) << c.status << c.fields;
    EXPECT_EQ(made.facts.lifetime_s, c.lifetime) << c.status << c.fields;
    bool operators = made.reason == "negative" || made.reason == "default";
    EXPECT_EQ(has(made.facts, Flag::operators), operators) << c.status << c.fields;
  }
}

TEST(Lifetime, what_is_not_fresh_is_kept_for_its_validator) {
  for (const char* fields :
       {"", "Cache-Control: max-age=0\r\n", "Expires: 0\r\n", "Cache-Control: no-cache\r\n",
        "Cache-Control: no-cache, max-age=60\r\n", "Cache-Control: max-age=60\r\nAge: 60\r\n",
        "Cache-Control: s-maxage=0\r\n", "Cache-Control: must-revalidate\r\n",
        "Cache-Control: no-cache, stale-if-error=60\r\n",
        "Cache-Control: max-age=0, must-revalidate, stale-while-revalidate=60\r\n"}) {
    Verdict made = verdict(std::string(fields) + "ETag: \"a\"\r\n");
    EXPECT_TRUE(made.store) << fields;
    EXPECT_TRUE(has(made.facts, Flag::always_validate)) << fields;
    EXPECT_EQ(made.facts.lifetime_s, 0u) << fields;
    EXPECT_FALSE(verdict(fields).store) << fields;
  }
}

// RFC 5861.
TEST(Lifetime, what_may_be_used_when_stale_is_kept_as_it_is) {
  for (const char* fields : {"Cache-Control: max-age=0, stale-while-revalidate=60\r\n",
                             "Cache-Control: max-age=0, stale-if-error=60\r\n",
                             "Cache-Control: stale-while-revalidate=60\r\n",
                             "Cache-Control: max-age=60, stale-if-error=60\r\nAge: 100\r\n"}) {
    for (const char* validator : {"", "ETag: \"a\"\r\n"}) {
      Verdict made = verdict(std::string(fields) + validator);
      EXPECT_TRUE(made.store) << fields;
      EXPECT_FALSE(has(made.facts, Flag::always_validate)) << fields;
    }
  }
  EXPECT_FALSE(verdict("Cache-Control: max-age=60, stale-if-error=60\r\nAge: 120\r\n").store);
}

TEST(Lifetime, grace_prolongs_what_the_origin_says_and_says_nothing_for_it) {
  conf::RouteCache settings;
  settings.grace = seconds(30);
  EXPECT_TRUE(verdict("Cache-Control: max-age=0\r\n", settings).store);
  EXPECT_TRUE(verdict("Cache-Control: max-age=60\r\nAge: 89\r\n", settings).store);
  EXPECT_FALSE(verdict("Cache-Control: max-age=60\r\nAge: 90\r\n", settings).store);
  EXPECT_FALSE(verdict("Cache-Control: max-age=0, must-revalidate\r\n", settings).store);
  EXPECT_FALSE(verdict("Cache-Control: no-cache\r\n", settings).store);
  EXPECT_FALSE(verdict("", settings).store);
  for (const std::string& fields :
       {std::string("ETag: \"a\"\r\n"), line("Last-Modified", date(now + day))}) {
    EXPECT_TRUE(has(verdict(fields, settings).facts, Flag::always_validate)) << fields;
  }
}

}  // namespace
}  // namespace ringwall::caching
