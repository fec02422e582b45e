#include "daemon/master/heal_policy.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

base::Instant at(base::Duration d) {
  return base::Instant{d.count()};
}

TEST(HealPolicyTest, DamageIsReplacedThreeTimesInTenMinutesAndNotAFourthTime) {
  HealPolicy policy;
  for (int minute : {1, 2, 3}) EXPECT_TRUE(policy.replace_damaged(at(minute * 1min)));
  EXPECT_FALSE(policy.replace_damaged(at(10min)));
  EXPECT_TRUE(policy.replace_damaged(at(11min)));
  EXPECT_FALSE(policy.replace_damaged(at(11min)));
}

TEST(HealPolicyTest, ASoundSegmentIsKeptAfterAFewCrashesOrManyFarApart) {
  HealPolicy policy;
  EXPECT_FALSE(policy.replace_sound(at(1s)));
  for (int n = 0; n < 20; ++n) {
    policy.crashed(at(n * 5s));
    EXPECT_FALSE(policy.replace_sound(at(n * 5s)));
  }
}

TEST(HealPolicyTest, ThreeCrashesInTenSecondsReplaceItOnceAnHour) {
  HealPolicy policy;
  for (int second : {1, 5, 9}) policy.crashed(at(second * 1s));
  EXPECT_TRUE(policy.replace_sound(at(9s)));
  EXPECT_FALSE(policy.replace_sound(at(9s)));
  for (int n = 0; n < 3; ++n) policy.crashed(at(1h));
  EXPECT_FALSE(policy.replace_sound(at(1h)));
  for (int n = 0; n < 3; ++n) policy.crashed(at(2h));
  EXPECT_TRUE(policy.replace_sound(at(2h)));
}

TEST(HealPolicyTest, PrecautionsDoNotCountAsDamage) {
  HealPolicy policy;
  for (int hour = 1; hour <= 5; ++hour) {
    for (int n = 0; n < 3; ++n) policy.crashed(at(hour * 1h));
    EXPECT_TRUE(policy.replace_sound(at(hour * 1h)));
    EXPECT_TRUE(policy.replace_damaged(at(hour * 1h)));
  }
}

}  // namespace
}  // namespace ringwall::master
