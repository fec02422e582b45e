#include "daemon/master/explain.h"

#include <gtest/gtest.h>

#include "daemon/caching/freshness.h"

namespace ringwall::master {
namespace {

using control::ExplainReport;
using Listed = cache::Store::Listed;
using Kind = Listed::Kind;
using namespace std::chrono_literals;

constexpr base::WallSeconds now = 1'700'000'000;
constexpr const char* url = "http://a.example/x";

/// A key's entries and the route they belong to; ask() is the request.
struct Cached {
  conf::Route route;
  std::vector<Inspected> entries;
  bool cache = true;

  Cached() {
    route.name = "all";
    route.action = conf::Route::Action::proxy;
  }
  /// Stored `age` seconds ago for `lifetime` seconds.
  Listed& add(uint32_t age, uint32_t lifetime, uint16_t flags = 0) {
    Listed listed;
    listed.facts.status = 200;
    listed.facts.response_time_s = static_cast<uint32_t>(now) - age;
    listed.facts.lifetime_s = lifetime;
    listed.facts.flags = flags;
    return entries.emplace_back(listed).entry;
  }
  void add_variant(uint32_t age, std::string selectors) {
    add(age, 100);
    entries.back().selectors = std::move(selectors);
  }
  Listed& add_kind(Kind kind) {
    Listed listed;
    listed.kind = kind;
    return entries.emplace_back(listed).entry;
  }
  ExplainReport ask(std::vector<std::string> fields = {}, bool head = false) {
    auto asked = Asked::make(url, fields, head);
    EXPECT_TRUE(asked);
    Explaining explaining{**asked, &route, cache, now};
    return explain(explaining, plan_of(explaining), entries);
  }
  std::string outcome(std::vector<std::string> fields = {}, bool head = false) {
    ExplainReport report = ask(std::move(fields), head);
    return report.outcome + ": " + report.reason;
  }
};

TEST(Explain, nothing_stored_is_fetched) {
  Cached cached;
  ExplainReport report = cached.ask();
  EXPECT_EQ(report.key, url);
  EXPECT_EQ(report.route, "all");
  EXPECT_EQ(report.plan, "collapse");
  EXPECT_EQ(report.outcome, "fetch");
  EXPECT_EQ(report.on_error, "error");
}

TEST(Explain, what_is_fresh_is_a_hit_with_its_arithmetic) {
  Cached cached;
  Listed& stored = cached.add(10, 60, caching::validator);
  stored.facts.age_at_response_s = 5;
  cached.entries.back().head = "ETag: \"v1\"\r\nCache-Control: max-age=60\r\n";
  ExplainReport report = cached.ask();
  EXPECT_EQ(report.outcome + ": " + report.reason, "hit: fresh");
  EXPECT_EQ(report.on_error, "");
  ASSERT_EQ(report.entries.size(), 1u);
  const control::ExplainedEntry& entry = report.entries[0];
  EXPECT_TRUE(entry.selected);
  EXPECT_EQ(entry.kind, "stored");
  EXPECT_EQ(entry.age_s, 15u);
  EXPECT_EQ(entry.remaining_s, 45);
  EXPECT_EQ(entry.lifetime_from, "max-age");
  EXPECT_EQ(entry.etag, "\"v1\"");
  EXPECT_EQ(entry.use, "serve");
  EXPECT_EQ(entry.flags, std::vector<std::string>{"has a validator"});
}

TEST(Explain, a_lifetime_of_other_settings_is_told_by_its_flags) {
  Cached cached;
  cached.add(10, 60, caching::operators);
  EXPECT_EQ(cached.ask().entries[0].lifetime_from, "operator");
  cached.entries.clear();
  cached.add(10, 60);
  EXPECT_EQ(cached.ask().entries[0].lifetime_from, "response");
}

TEST(Explain, what_is_stale_is_validated_fetched_or_served_in_grace) {
  Cached cached;
  cached.add(70, 60);
  EXPECT_EQ(cached.outcome(), "fetch: stale");
  cached.entries[0].entry.facts.flags = caching::validator;
  EXPECT_EQ(cached.outcome(), "validate: stale");
  cached.route.cache.grace = 60s;
  EXPECT_EQ(cached.outcome(), "stale hit and refresh: grace");
  cached.entries[0].entry.held_off_until = static_cast<uint32_t>(now) + 5;
  EXPECT_EQ(cached.outcome(), "stale hit: grace");
  EXPECT_EQ(cached.ask().entries[0].held_off_s, 5);
  EXPECT_EQ(cached.outcome({"Cache-Control: no-cache"}), "validate: request-no-cache");
}

TEST(Explain, a_fill_under_way_is_followed_or_spares_the_refresh) {
  Cached cached;
  cached.add_kind(Kind::fill);
  EXPECT_EQ(cached.outcome(), "follow: uri-miss");
  EXPECT_TRUE(cached.ask().entries[0].selected);
  cached.add(70, 60);
  EXPECT_EQ(cached.outcome(), "follow: stale");
  cached.route.cache.grace = 60s;
  EXPECT_EQ(cached.outcome(), "stale hit: grace");
  EXPECT_EQ(cached.ask().entries[0].why_not, "a stored response answers");
}

TEST(Explain, a_soft_purge_makes_stale) {
  Cached cached;
  cached.add(1, 60, caching::validator).purged_soft = true;
  EXPECT_EQ(cached.outcome(), "validate: purged");
}

TEST(Explain, a_marker_lets_no_request_wait_until_it_has_run_out) {
  Cached cached;
  cached.add_kind(Kind::marker).marked_until = now + 7;
  EXPECT_EQ(cached.outcome(), "fetch alone: uncacheable");
  EXPECT_TRUE(cached.ask().entries[0].selected);
  EXPECT_EQ(cached.ask().entries[0].marked_s, 7);
  cached.entries[0].entry.marked_until = now;
  EXPECT_EQ(cached.outcome(), "fetch: uri-miss");
  EXPECT_EQ(cached.ask().entries[0].why_not, "it has run out");
}

TEST(Explain, of_several_variants_the_youngest_that_fits_is_selected) {
  Cached cached;
  cached.add_variant(1, "accept-encoding:gzip\n");
  cached.add_variant(2, "accept-encoding:br\n");
  cached.add_variant(3, "accept-encoding:br\n");
  ExplainReport report = cached.ask({"Accept-Encoding: br"});
  EXPECT_EQ(report.outcome, "hit");
  EXPECT_EQ(report.entries[0].why_not,
            "it is for \"accept-encoding:gzip\", the request counts as \"accept-encoding:br\"");
  EXPECT_EQ(report.entries[0].use, "") << "rules judge what fits";
  EXPECT_TRUE(report.entries[1].selected);
  EXPECT_EQ(report.entries[2].why_not, "a younger one fits too");
  EXPECT_EQ(cached.outcome({"Accept-Encoding: zstd"}), "fetch: vary-miss");
}

TEST(Explain, what_passes_says_why_and_shows_what_others_find) {
  Cached cached;
  cached.add(1, 60);
  EXPECT_EQ(cached.outcome({"If-Match: \"x\""}), "pass: precondition");
  EXPECT_EQ(cached.ask({"If-Match: \"x\""}).entries[0].why_not, "the request passes by the cache");
  EXPECT_EQ(cached.outcome({"Cache-Control: no-store"}), "pass: no-store");
  cached.route.cache.enabled = false;
  EXPECT_EQ(cached.outcome(), "pass: off");
  cached.route.cache.enabled = true;
  cached.cache = false;
  EXPECT_EQ(cached.outcome(), "pass: off");
}

TEST(Explain, credentials_are_answered_from_what_is_for_all_only) {
  Cached cached;
  cached.add(1, 60, caching::validator);
  EXPECT_EQ(cached.outcome({"Authorization: Basic x"}), "fetch alone: authorization");
  cached.entries[0].entry.facts.flags |= caching::for_credentials;
  EXPECT_EQ(cached.outcome({"Authorization: Basic x"}), "hit: fresh");
  cached.entries[0].entry.facts.lifetime_s = 0;
  EXPECT_EQ(cached.outcome({"Authorization: Basic x"}), "validate: authorization");
}

TEST(Explain, head_and_only_if_cached_take_what_is_there) {
  Cached cached;
  EXPECT_EQ(cached.outcome({}, true), "fetch alone: head");
  EXPECT_EQ(cached.outcome({"Cache-Control: only-if-cached"}), "refuse: only-if-cached");
  cached.add(70, 60);
  cached.route.cache.grace = 60s;
  EXPECT_EQ(cached.outcome({}, true), "stale hit: grace") << "HEAD refreshes nothing";
  EXPECT_EQ(cached.outcome({"Cache-Control: only-if-cached"}), "stale hit: grace");
}

TEST(Explain, when_the_origin_fails_what_may_be_stale_is_used) {
  Cached cached;
  cached.add(70, 60).facts.stale_if_error_s = 600;
  EXPECT_EQ(cached.ask().outcome, "fetch");
  EXPECT_EQ(cached.ask().on_error, "stale");
  EXPECT_TRUE(cached.ask().entries[0].usable_on_error);
}

TEST(Explain, routes_that_answer_themselves_have_no_cache) {
  Cached cached;
  cached.route.action = conf::Route::Action::respond;
  EXPECT_EQ(cached.outcome(), "answer: respond");
  auto asked = Asked::make(url, {}, false);
  EXPECT_EQ(explain({**asked, nullptr, true, now}, {}, {}).outcome, "no route");
}

TEST(Explain, settings_that_matter_are_written_as_in_the_config) {
  conf::RouteCache settings;
  settings.grace = 1500ms;
  settings.negative = {{404, 10s}};
  settings.key.cookies = {"lang", "theme"};
  std::string text;
  for (const auto& [name, value] : settings_of(settings)) text += name + "=" + value + ";";
  EXPECT_EQ(text,
            "enabled=true;default_lifetime=none;grace=1.5 s;heuristic_percent=10;"
            "negative.404=10 s;key.cookies=lang, theme;");
}

}  // namespace
}  // namespace ringwall::master
