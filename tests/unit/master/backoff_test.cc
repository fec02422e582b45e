#include "daemon/master/backoff.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

using namespace std::chrono_literals;

base::Instant at(base::Duration d) {
  return base::Instant{d.count()};
}

TEST(BackoffTest, TheFirstDeathCostsNoPauseFurtherOnesDoubleUpToTenSeconds) {
  Backoff backoff;
  std::vector<base::Duration> pauses;
  for (int i = 1; i <= 10; ++i) pauses.push_back(backoff.down(at(i * 1s)));
  EXPECT_EQ(pauses, (std::vector<base::Duration>{0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms,
                                                 6400ms, 10s, 10s}));
}

TEST(BackoffTest, OneThatBecameReadyIsNeverKeptWaitingForLong) {
  Backoff backoff;
  std::vector<base::Duration> pauses;
  for (int i = 1; i <= 6; ++i) {
    backoff.up(at(i * 1s));
    pauses.push_back(backoff.down(at(i * 1s)));
  }
  EXPECT_EQ(pauses, (std::vector<base::Duration>{0ms, 100ms, 200ms, 400ms, 500ms, 500ms}));
}

TEST(BackoffTest, AMinuteOfHealthForgetsItAll) {
  Backoff backoff;
  backoff.up(at(0s));
  backoff.down(at(1s));
  backoff.down(at(2s));
  backoff.up(at(10s));
  EXPECT_EQ(backoff.down(at(69s)), 200ms) << "not quite a minute";
  backoff.up(at(100s));
  EXPECT_EQ(backoff.down(at(160s)), 0ms);
}

TEST(BackoffTest, OneThatNeverBecomesReadyIsNotHealthyHoweverLongItTook) {
  Backoff backoff;
  EXPECT_EQ(backoff.down(at(1h)), 0ms);
  EXPECT_EQ(backoff.down(at(2h)), 100ms);
  EXPECT_EQ(backoff.down(at(3h)), 200ms);
}

}  // namespace
}  // namespace ringwall::master
