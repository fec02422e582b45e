#include "daemon/caching/reuse.h"

#include "daemon/caching/freshness.h"
#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

using cache::Use;
using std::chrono::seconds;

constexpr base::WallSeconds now = 1'700'000'000;

/// A response with a lifetime of 60 seconds and the request that meets it.
struct Meeting {
  cache::Facts facts;
  Plan plan;
  conf::RouteCache settings;
  uint64_t hits = 0;
  bool purged = false;
  uint32_t held_off_until = 0;

  Meeting() {
    facts.response_time_s = static_cast<uint32_t>(now);
    facts.lifetime_s = 60;
  }
  Meeting& flag(Flag flag) {
    facts.flags |= flag;
    return *this;
  }
  Meeting& swr(uint32_t s) {
    facts.stale_while_revalidate_s = s;
    return *this;
  }
  Meeting& sie(uint32_t s) {
    facts.stale_if_error_s = s;
    return *this;
  }
  Meeting& grace(unsigned s) {
    settings.grace = seconds(s);
    return *this;
  }
  Meeting& soft_purge() {
    purged = true;
    return *this;
  }
  Meeting& request(const std::string& cache_control, bool authorized = false) {
    std::string fields = line("Cache-Control", cache_control);
    if (authorized) fields += "Authorization: x\r\n";
    plan = caching::plan(Request("GET /", fields).head, settings);
    return *this;
  }
  /// "serve fresh", "refresh grace stale", "replace must-revalidate", "alone no-cache", …
  std::string at(unsigned age) const {
    cache::Candidate candidate{facts, hits, purged, held_off_until};
    Reuse judged = reuse(candidate, plan, settings, now + age);
    constexpr const char* uses[] = {"serve ", "refresh ", "replace ", "alone "};
    std::string out = uses[static_cast<size_t>(judged.use)] + std::string(judged.rule);
    return out + (judged.stale ? " stale" : "");
  }
  bool on_error(unsigned age) const { return usable_on_error(facts, plan, settings, now + age); }
};

// RFC 9111 section 4.
TEST(Reuse, what_is_fresh_answers_and_what_is_stale_does_not) {
  EXPECT_EQ(Meeting().at(0), "serve fresh");
  EXPECT_EQ(Meeting().at(59), "serve fresh");
  EXPECT_EQ(Meeting().at(60), "replace stale");
}

// Section 5.2.1.
TEST(Reuse, requests_may_demand_more) {
  struct {
    const char* directives;
    unsigned age;
    const char* expected;
  } cases[] = {{"no-cache", 0, "replace request-no-cache"},
               {"no-cache, max-stale", 70, "replace request-no-cache"},
               {"max-age=10", 10, "serve fresh"},
               {"max-age=10", 11, "replace request-max-age"},
               {"max-age=0", 0, "replace request-max-age"},
               {"max-age=x", 0, "replace request-max-age"},
               {"max-age=100", 60, "replace request-max-age"},
               {"max-age=100, max-stale=20", 70, "serve max-stale stale"},
               {"max-age=10, max-stale=20", 11, "replace request-max-age"},
               {"min-fresh=10", 50, "serve fresh"},
               {"min-fresh=10", 51, "replace min-fresh"},
               {"min-fresh=x", 0, "replace min-fresh"},
               {"min-fresh=0", 60, "replace min-fresh"},
               {"max-stale", 5000, "serve max-stale stale"},
               {"max-stale=20", 80, "serve max-stale stale"},
               {"max-stale=20", 81, "replace stale"},
               {"max-stale=x", 61, "replace stale"},
               {"max-stale=20, min-fresh=1", 70, "replace min-fresh"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Meeting().request(c.directives).at(c.age), c.expected) << c.directives << c.age;
  }
}

// RFC 5861 section 3, and the operator's grace.
TEST(Reuse, stale_answers_within_what_is_allowed_while_it_is_refreshed) {
  EXPECT_EQ(Meeting().swr(30).at(90), "refresh stale-while-revalidate stale");
  EXPECT_EQ(Meeting().swr(30).at(91), "replace stale");
  EXPECT_EQ(Meeting().grace(10).at(70), "refresh grace stale");
  EXPECT_EQ(Meeting().grace(10).at(71), "replace stale");
  EXPECT_EQ(Meeting().swr(5).grace(10).at(70), "refresh grace stale");
  EXPECT_EQ(Meeting().swr(5).grace(10).request("max-stale").at(99), "serve max-stale stale");
  EXPECT_EQ(Meeting().sie(100).at(61), "replace stale");
}

// RFC 9111 section 4.2.4: no allowance stands against an explicit prohibition.
TEST(Reuse, must_revalidate_wins_over_every_allowance) {
  Meeting all = Meeting().flag(Flag::must_revalidate).swr(100).sie(100).grace(100);
  EXPECT_EQ(all.at(59), "serve fresh");
  EXPECT_EQ(all.at(60), "replace must-revalidate");
  EXPECT_EQ(all.request("max-stale").at(60), "replace must-revalidate");
  EXPECT_FALSE(all.request("stale-if-error=100").on_error(60));
  EXPECT_EQ(all.soft_purge().at(0), "replace must-revalidate");
}

TEST(Reuse, a_request_for_the_fresh_wins_over_every_allowance) {
  for (const char* directives : {"no-cache", "max-age=1000", "min-fresh=1", "max-age=0"}) {
    Meeting all = Meeting().swr(100).sie(100).grace(100).request(directives);
    EXPECT_TRUE(all.at(61).starts_with("replace ")) << directives;
    EXPECT_FALSE(all.on_error(61)) << directives;
  }
}

// Section 5.2.2.4.
TEST(Reuse, what_is_kept_to_be_validated_answers_nobody_unseen) {
  Meeting kept = Meeting().flag(Flag::always_validate).swr(100).grace(100);
  EXPECT_EQ(kept.at(0), "alone no-cache");
  EXPECT_EQ(kept.request("max-stale").at(0), "alone no-cache");
  EXPECT_EQ(kept.request("only-if-cached").at(0), "alone no-cache");
  EXPECT_FALSE(kept.on_error(0));
}

// Section 3.5.
TEST(Reuse, credentials_are_answered_only_where_the_response_says_so) {
  EXPECT_EQ(Meeting().request("", true).at(0), "alone authorization");
  EXPECT_FALSE(Meeting().sie(100).request("", true).on_error(61));
  EXPECT_EQ(Meeting().flag(Flag::for_credentials).request("", true).at(0), "serve fresh");
}

TEST(Reuse, the_popular_is_refreshed_ahead) {
  Meeting popular;
  popular.settings.refresh_ahead = seconds(10);
  popular.hits = popular_hits;
  EXPECT_EQ(popular.at(49), "serve fresh");
  EXPECT_EQ(popular.at(50), "refresh refresh-ahead");
  popular.held_off_until = static_cast<uint32_t>(now) + 55;
  EXPECT_EQ(popular.at(54), "serve fresh");
  EXPECT_EQ(popular.at(55), "refresh refresh-ahead");
  popular.hits = popular_hits - 1;
  EXPECT_EQ(popular.at(55), "serve fresh");
  popular.hits = popular_hits;
  popular.settings.refresh_ahead = {};
  EXPECT_EQ(popular.at(59), "serve fresh");
}

TEST(Reuse, while_refreshing_is_held_off_the_stale_is_served_alone) {
  Meeting held = Meeting().swr(30);
  held.held_off_until = static_cast<uint32_t>(now) + 70;
  EXPECT_EQ(held.at(69), "serve stale-while-revalidate stale");
  EXPECT_EQ(held.at(70), "refresh stale-while-revalidate stale");
}

TEST(Reuse, what_was_purged_softly_is_stale_whatever_its_lifetime) {
  EXPECT_EQ(Meeting().soft_purge().at(0), "replace purged");
  EXPECT_EQ(Meeting().soft_purge().request("max-stale").at(0), "replace purged");
  EXPECT_EQ(Meeting().soft_purge().grace(10).at(0), "refresh grace stale");
  EXPECT_EQ(Meeting().soft_purge().swr(10).at(0), "refresh stale-while-revalidate stale");
  EXPECT_EQ(Meeting().soft_purge().swr(10).at(75), "replace purged");
  EXPECT_EQ(Meeting().soft_purge().grace(10).request("max-age=50").at(0),
            "replace request-max-age");
}

// Section 5.2.1.7: nothing will be fetched, so no permit to fetch is taken.
TEST(Reuse, only_if_cached_takes_no_permit) {
  EXPECT_EQ(Meeting().request("only-if-cached").at(0), "serve fresh");
  EXPECT_EQ(Meeting().request("only-if-cached").at(60), "alone stale");
  EXPECT_EQ(Meeting().request("only-if-cached, no-cache").at(0), "alone request-no-cache");
  EXPECT_EQ(Meeting().swr(30).request("only-if-cached").at(60),
            "serve stale-while-revalidate stale");
}

// RFC 5861 section 4.
TEST(Reuse, on_errors_the_stale_serves_within_what_is_allowed) {
  EXPECT_FALSE(Meeting().on_error(61));
  EXPECT_FALSE(Meeting().on_error(0));  // as when it was purged softly
  EXPECT_TRUE(Meeting().sie(30).on_error(90));
  EXPECT_FALSE(Meeting().sie(30).on_error(91));
  EXPECT_TRUE(Meeting().request("stale-if-error=30").on_error(90));
  EXPECT_FALSE(Meeting().request("stale-if-error=30").on_error(91));
  EXPECT_TRUE(Meeting().grace(30).on_error(90));
  EXPECT_FALSE(Meeting().grace(30).on_error(91));
  EXPECT_FALSE(Meeting().swr(30).on_error(61));
  EXPECT_TRUE(Meeting().request("stale-if-error=30, max-age=90").on_error(90));
  EXPECT_FALSE(Meeting().request("stale-if-error=30, max-age=80").on_error(90));
}

TEST(Reuse, failures_of_an_origin_are_four) {
  for (unsigned status = 100; status < 600; ++status) {
    bool expected = status == 500 || status == 502 || status == 503 || status == 504;
    EXPECT_EQ(is_origin_failure(status), expected) << status;
  }
}

}  // namespace
}  // namespace ringwall::caching
