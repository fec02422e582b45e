#include <gtest/gtest.h>

#include "daemon/stats/segment.h"

namespace ringwall::stats {
namespace {

constexpr base::Instant start{1'000'000'000};

Segment make() {
  auto segment = Segment::create();
  EXPECT_TRUE(segment) << segment.error().what;
  return std::move(*segment);
}

uint32_t assigned(Segment& segment, std::string_view upstream, std::string_view backend) {
  auto index = segment.assign(upstream, backend);
  EXPECT_TRUE(index) << index.error().what;
  return index ? *index : 0;
}

TEST(Registry, a_backend_keeps_its_place) {
  Segment segment = make();
  uint32_t one = assigned(segment, "app", "10.0.0.1:80");
  uint32_t two = assigned(segment, "app", "10.0.0.2:80");
  uint32_t other = assigned(segment, "api", "10.0.0.1:80");
  EXPECT_NE(one, two);
  EXPECT_NE(one, other);
  EXPECT_EQ(assigned(segment, "app", "10.0.0.1:80"), one);
  auto seen = Segment::attach(segment.fd(), false);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->find_backend("app", "10.0.0.2:80"), two);
  EXPECT_EQ(seen->find_backend("app", "10.0.0.3:80"), std::nullopt);
  ASSERT_EQ(seen->backends().size(), 3u);
  EXPECT_EQ(seen->backends()[2].upstream, "api");
}

TEST(Registry, a_freed_place_is_taken_last_and_comes_back_empty) {
  Segment segment = make();
  std::vector<uint32_t> kept;
  uint32_t gone = assigned(segment, "app", "gone:1");
  uint32_t gone_later = assigned(segment, "app", "gone:2");
  WorkerStats& own = segment.claim(0, 1, start);
  own.backend(gone).add(BackendCounter::requests, 9);
  segment.set_override(gone, {Override::drain, base::Instant::never()});
  segment.keep_only(std::vector<uint32_t>{gone_later});
  EXPECT_EQ(segment.find_backend("app", "gone:1"), std::nullopt);
  segment.keep_only({});
  for (uint32_t i = 2; i < base::backends_max; ++i) {
    EXPECT_EQ(assigned(segment, "app", "b:" + std::to_string(i)), i) << "never used ones first";
  }
  EXPECT_EQ(assigned(segment, "app", "new:1"), gone) << "then the longest free";
  EXPECT_EQ(segment.read_backend(gone)[BackendCounter::requests], 0u);
  EXPECT_EQ(segment.override_of(gone, start), Override::none);
  EXPECT_EQ(assigned(segment, "app", "new:2"), gone_later);
  auto full = segment.assign("app", "new:3");
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().what.find("1024"), std::string::npos);
}

TEST(Registry, names_of_any_allowed_length_are_kept_and_longer_ones_refused) {
  Segment segment = make();
  std::string upstream(upstream_name_bytes_max, 'u');
  std::string backend(backend_name_bytes_max, 'b');
  uint32_t index = assigned(segment, upstream, backend);
  EXPECT_EQ(segment.backends()[index].upstream, upstream);
  EXPECT_EQ(segment.backends()[index].backend, backend);
  EXPECT_FALSE(segment.assign(upstream + "u", "b"));
  EXPECT_FALSE(segment.assign("u", backend + "b"));
}

TEST(Registry, an_override_is_seen_by_all_until_it_ends) {
  Segment segment = make();
  uint32_t index = assigned(segment, "app", "10.0.0.1:80");
  auto worker = Segment::attach(segment.fd(), true);
  ASSERT_TRUE(worker);
  EXPECT_EQ(worker->override_of(index, start), Override::none);
  segment.set_override(index, {Override::drain, start + std::chrono::seconds(5)});
  EXPECT_EQ(worker->override_of(index, start), Override::drain);
  EXPECT_EQ(worker->override_of(index, start + std::chrono::seconds(5)), Override::none);
  EXPECT_EQ(worker->override_state(index).until, start + std::chrono::seconds(5));
  segment.set_override(index, {Override::down, base::Instant::never()});
  EXPECT_EQ(worker->override_of(index, base::Instant{INT64_MAX - 1}), Override::down);
  EXPECT_TRUE(worker->override_state(index).until.is_never());
  segment.set_override(index, {});
  EXPECT_EQ(worker->override_of(index, start), Override::none);
}

}  // namespace
}  // namespace ringwall::stats
