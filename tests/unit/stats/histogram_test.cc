#include "daemon/stats/histogram.h"

#include <gtest/gtest.h>

namespace ringwall::stats {
namespace {

TEST(Histogram, a_bucket_counts_up_to_its_bound_and_no_further) {
  for (size_t i = 0; i + 1 < histogram_buckets; ++i) {
    EXPECT_EQ(histogram_bucket_of(histogram_bound_us(i)), i);
    EXPECT_EQ(histogram_bucket_of(histogram_bound_us(i) + 1), i + 1);
  }
}

TEST(Histogram, the_extremes_have_buckets) {
  EXPECT_EQ(histogram_bucket_of(0), 0u);
  EXPECT_EQ(histogram_bucket_of(UINT64_MAX), histogram_buckets - 1);
}

TEST(Histogram, observing_counts_once_and_sums) {
  Histogram histogram{};
  histogram.observe(10);
  histogram.observe(20);
  histogram.observe(20);
  EXPECT_EQ(histogram.buckets[0].get(), 1u);
  EXPECT_EQ(histogram.buckets[1].get(), 2u);
  EXPECT_EQ(histogram.sum_us.get(), 50u);
}

}  // namespace
}  // namespace ringwall::stats
