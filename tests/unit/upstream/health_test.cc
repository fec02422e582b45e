#include "daemon/upstream/health.h"

#include <gtest/gtest.h>

namespace ringwall::upstream {
namespace {

using std::chrono::seconds;

class HealthTest : public testing::Test {
 protected:
  HealthTest() {
    settings_.eject_after = 3;
    settings_.eject_time = seconds(10);
  }
  Health::Rules rules() const { return Health::Rules(settings_); }
  bool fail() {
    Standing standing = health_.begin(now_, rules());
    return health_.failed(standing, now_, rules());
  }
  bool succeed() {
    Standing standing = health_.begin(now_, rules());
    return health_.succeeded(standing);
  }
  void pass(base::Duration time) { now_ = now_ + time; }
  bool admits() const { return health_.admits(now_, rules()); }

  conf::Upstream settings_;
  Health health_;
  base::Instant now_{1};
};

TEST_F(HealthTest, EjectsAfterSoManyFailuresInARow) {
  EXPECT_FALSE(fail());
  EXPECT_FALSE(fail());
  EXPECT_TRUE(admits());
  EXPECT_TRUE(fail());
  EXPECT_FALSE(admits());
}

TEST_F(HealthTest, ASuccessEndsTheRow) {
  fail();
  fail();
  EXPECT_FALSE(succeed());
  fail();
  fail();
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, NeverEjectsWhenToldSo) {
  settings_.eject_after = 0;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(fail());
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, AdmitsOneTrialWhenTheTimeIsOver) {
  while (!fail()) {
  }
  pass(seconds(10) - base::Duration(1));
  EXPECT_FALSE(admits());
  pass(base::Duration(1));
  EXPECT_TRUE(admits());
  EXPECT_EQ(health_.begin(now_, rules()), Standing::trial);
  EXPECT_FALSE(admits());
  EXPECT_EQ(health_.begin(now_, rules()), Standing::forced);
  EXPECT_TRUE(health_.succeeded(Standing::trial));
  EXPECT_TRUE(admits());
  EXPECT_FALSE(health_.ejected());
  EXPECT_EQ(health_.begin(now_, rules()), Standing::normal);
}

TEST_F(HealthTest, FailedTrialsDoubleTheTimeUpToTenfold) {
  while (!fail()) {
  }
  for (int times : {1, 2, 4, 8, 10, 10, 10}) {
    EXPECT_EQ(health_.ejected_until(), now_ + seconds(10) * times);
    pass(seconds(10) * times);
    EXPECT_EQ(health_.begin(now_, rules()), Standing::trial);
    EXPECT_TRUE(health_.failed(Standing::trial, now_, rules()));
    EXPECT_FALSE(admits());
  }
}

TEST_F(HealthTest, AReturnForgetsEarlierEjections) {
  while (!fail()) {
  }
  pass(seconds(10));
  fail();
  pass(seconds(20));
  EXPECT_TRUE(succeed());
  while (!fail()) {
  }
  EXPECT_EQ(health_.ejected_until(), now_ + seconds(10));
}

TEST_F(HealthTest, ATrialWithoutVerdictIsFollowedByAnother) {
  while (!fail()) {
  }
  pass(seconds(10));
  health_.abandoned(health_.begin(now_, rules()));
  EXPECT_TRUE(admits());
  EXPECT_EQ(health_.begin(now_, rules()), Standing::trial);
}

TEST_F(HealthTest, WhatBeganBeforeTheEjectionHasNoSayInIt) {
  while (!fail()) {
  }
  base::Instant until = health_.ejected_until();
  pass(seconds(1));
  EXPECT_FALSE(health_.failed(Standing::normal, now_, rules()));
  EXPECT_FALSE(health_.succeeded(Standing::normal));
  EXPECT_TRUE(health_.ejected());
  EXPECT_EQ(health_.ejected_until(), until);
}

TEST_F(HealthTest, AForcedSuccessIsAReturnAndAForcedFailureNothing) {
  while (!fail()) {
  }
  base::Instant until = health_.ejected_until();
  EXPECT_EQ(health_.begin(now_, rules()), Standing::forced);
  EXPECT_FALSE(health_.failed(Standing::forced, now_, rules()));
  EXPECT_EQ(health_.ejected_until(), until);
  EXPECT_EQ(health_.begin(now_, rules()), Standing::forced);
  EXPECT_TRUE(health_.succeeded(Standing::forced));
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, AnEjectionEndsForSettingsWithoutEjection) {
  while (!fail()) {
  }
  settings_.eject_after = 0;
  EXPECT_TRUE(admits());
  EXPECT_TRUE(succeed());
  EXPECT_FALSE(health_.ejected());
}

}  // namespace
}  // namespace ringwall::upstream
