#include "daemon/caching/freshness.h"

#include <gtest/gtest.h>

namespace ringwall::caching {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::WallSeconds now = 1'700'000'000;

cache::Facts came_now(uint32_t age, uint32_t lifetime) {
  cache::Facts facts;
  facts.response_time_s = static_cast<uint32_t>(now);
  facts.age_at_response_s = age;
  facts.lifetime_s = lifetime;
  return facts;
}

// RFC 9111 section 4.2: response_is_fresh = (freshness_lifetime > current_age).
TEST(Freshness, ends_when_the_age_reaches_the_lifetime) {
  cache::Facts facts = came_now(10, 60);
  EXPECT_EQ(current_age(facts, now), 10u);
  EXPECT_TRUE(is_fresh(facts, now + 49));
  EXPECT_EQ(remaining(facts, now + 49), 1);
  EXPECT_FALSE(is_fresh(facts, now + 50));
  EXPECT_EQ(remaining(facts, now + 70), -20);
}

TEST(Freshness, a_clock_set_back_makes_nothing_younger) {
  EXPECT_EQ(current_age(came_now(10, 60), now - 1000), 10u);
}

TEST(Freshness, ages_saturate) {
  cache::Facts facts = came_now(http::delta_seconds_max, http::delta_seconds_max);
  EXPECT_EQ(current_age(facts, now + 5), http::delta_seconds_max);
  EXPECT_FALSE(is_fresh(facts, now + 5));
}

TEST(Freshness, settings_are_rounded_up_to_seconds) {
  EXPECT_EQ(seconds_of(milliseconds(0)), 0u);
  EXPECT_EQ(seconds_of(milliseconds(1)), 1u);
  EXPECT_EQ(seconds_of(milliseconds(1000)), 1u);
  EXPECT_EQ(seconds_of(milliseconds(1001)), 2u);
  EXPECT_EQ(seconds_of(seconds(-5)), 0u);
  EXPECT_EQ(seconds_of(base::Duration::max()), http::delta_seconds_max);
}

}  // namespace
}  // namespace ringwall::caching
