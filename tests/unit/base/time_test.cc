#include "daemon/base/time.h"

#include <gtest/gtest.h>

namespace ringwall::base {
namespace {

TEST(Instant, adds_up_to_never_at_most) {
  Instant at{5};
  EXPECT_EQ((at + std::chrono::seconds(1)).ns, 1'000'000'005);
  EXPECT_TRUE((Instant::never() + std::chrono::seconds(1)).is_never());
  EXPECT_TRUE((Instant{INT64_MAX - 1} + std::chrono::seconds(1)).is_never());
  EXPECT_EQ((at - Instant{2}).count(), 3);
  EXPECT_LT(at, Instant::never());
}

TEST(Clocks, go_forward_and_know_the_century) {
  Instant before = monotonic_now();
  EXPECT_LE(before, monotonic_now());
  EXPECT_GT(wall_now_ns(), int64_t{1'600'000'000} * 1'000'000'000);
}

}  // namespace
}  // namespace ringwall::base
