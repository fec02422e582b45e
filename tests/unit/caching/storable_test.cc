#include "daemon/caching/storable.h"

#include "daemon/http/date.h"
#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

constexpr base::WallSeconds now = 1'700'000'000;

std::string date(base::WallSeconds time) {
  char text[http::date_bytes];
  http::write_date(time, text);
  return std::string(text, sizeof(text));
}

Verdict verdict(int status, const std::string& fields,
                std::optional<base::Duration> lifetime = std::nullopt) {
  Times times{now - 1, now};
  return judge(Response(status, "Date: " + date(now) + "\r\n" + fields).head, times, lifetime);
}

TEST(Storable, ExplicitLifetimesCountInTheirOrder) {
  EXPECT_EQ(verdict(200, "Cache-Control: max-age=60\r\n").freshness.lifetime_s, 60u);
  EXPECT_EQ(verdict(200, "Cache-Control: max-age=60, s-maxage=90\r\n").freshness.lifetime_s, 90u);
  std::string expires = "Expires: " + date(now + 30) + "\r\n";
  EXPECT_EQ(verdict(200, expires).freshness.lifetime_s, 30u);
  EXPECT_EQ(verdict(200, "Cache-Control: max-age=60\r\n" + expires).freshness.lifetime_s, 60u);
}

TEST(Storable, ExpiresIsMeasuredAgainstDateNotAgainstOurClock) {
  Times times{now, now};
  Response response(200, "Date: " + date(now - 100) + "\r\nExpires: " + date(now + 100) + "\r\n");
  Verdict made = judge(response.head, times, std::nullopt);
  EXPECT_TRUE(made.store);
  EXPECT_EQ(made.freshness.lifetime_s, 200u);
  EXPECT_EQ(current_age(made.freshness, now), 100u);
}

TEST(Storable, AgeCountsTheWayHere) {
  Verdict made = verdict(200, "Cache-Control: max-age=60\r\nAge: 20\r\n");
  EXPECT_TRUE(made.store);
  EXPECT_EQ(made.freshness.age_at_response_s, 21u);  // and the second it took
  EXPECT_EQ(current_age(made.freshness, now + 10), 31u);
  EXPECT_TRUE(is_fresh(made.freshness, now + 38));
  EXPECT_FALSE(is_fresh(made.freshness, now + 39));
}

TEST(Storable, AHugeAgeIsVeryOldAndNeverNegative) {
  for (const char* age : {"99999999999999999999", "4294967296", "-1", "x", "1.5"}) {
    Verdict made = verdict(200, std::string("Cache-Control: max-age=60\r\nAge: ") + age + "\r\n");
    EXPECT_FALSE(made.store) << age;
    EXPECT_EQ(made.reason, "stale-on-arrival") << age;
  }
}

TEST(Storable, AClockSetBackMakesNothingYounger) {
  Freshness stored{now, 10, 60};
  EXPECT_EQ(current_age(stored, now - 1000), 10u);
}

TEST(Storable, WhatIsOneUsersOrUnsupportedIsNotStored) {
  struct Case {
    const char* fields;
    const char* reason;
  } cases[] = {{"Cache-Control: no-store, max-age=60\r\n", "no-store"},
               {"Cache-Control: private, max-age=60\r\n", "private"},
               {"Cache-Control: private=\"x\", max-age=60\r\n", "private"},
               {"Cache-Control: no-cache, max-age=60\r\n", "no-cache"},
               {"Cache-Control: no-cache=\"x\", max-age=60\r\n", "no-cache"},
               {"Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n", "set-cookie"},
               {"Cache-Control: max-age=60\r\nVary: Accept\r\n", "vary"},
               {"Cache-Control: max-age=0\r\n", "stale-on-arrival"},
               {"Cache-Control: max-age=60\r\nCache-Control: no-store\r\n", "no-store"},
               {"Expires: 0\r\n", "stale-on-arrival"},
               {"Expires: yesterday\r\n", "stale-on-arrival"},
               {"", "no-lifetime"}};
  for (const Case& c : cases) {
    Verdict made = verdict(200, c.fields);
    EXPECT_FALSE(made.store) << c.fields;
    EXPECT_EQ(made.reason, c.reason) << c.fields;
  }
  EXPECT_EQ(verdict(206, "Cache-Control: max-age=60\r\n").reason, "status");
  EXPECT_EQ(verdict(304, "Cache-Control: max-age=60\r\n").reason, "status");
}

TEST(Storable, AnyFinalStatusWithALifetimeMayBeStored) {
  for (int status : {200, 203, 204, 301, 302, 404, 410, 500, 503}) {
    EXPECT_TRUE(verdict(status, "Cache-Control: max-age=60\r\n").store) << status;
  }
}

TEST(Storable, TheRoutesLifetimeIsForStatusesThatAllowIt) {
  auto minute = std::chrono::seconds(60);
  EXPECT_EQ(verdict(200, "", minute).freshness.lifetime_s, 60u);
  EXPECT_TRUE(verdict(404, "", minute).store);
  EXPECT_FALSE(verdict(500, "", minute).store);
  EXPECT_FALSE(verdict(302, "", minute).store);
  EXPECT_EQ(verdict(200, "Cache-Control: max-age=5\r\n", minute).freshness.lifetime_s, 5u);
  EXPECT_FALSE(verdict(200, "Cache-Control: max-age=0\r\n", minute).store);
}

}  // namespace
}  // namespace ringwall::caching
