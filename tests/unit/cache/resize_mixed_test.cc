// Work and changes of size in any order.
#include <random>

#include "tests/unit/cache/resize_fixture.h"

namespace ringwall::cache::test {
namespace {

/// Everything at once in a cache of several arenas, with a look at all invariants after each step;
/// by how many pages in a row get and lose their memory together.
class MixedResizeTest : public ResizeTest, public ::testing::WithParamInterface<uint32_t> {};

TEST_P(MixedResizeTest, any_mixture_of_work_and_changes_leaves_all_in_order) {
  open_sizes(4 * MiB, 1024 * MiB);
  ASSERT_GT(mapping_->super->arena_count, 1u);
  mapping_->super->grain_pages = GetParam();
  std::mt19937 random(11);
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::array<std::unique_ptr<Worker>, 2> workers = {worker(0), worker(1)};
  std::vector<std::pair<int, Hit>> hits;
  std::vector<std::pair<std::string, Fill>> fills;
  for (int turn = 0; turn < 120; ++turn) {
    Worker& own = *workers[random() % 2];
    for (int n = 0; n < 20; ++n) {
      const int i = below(600);
      switch (below(6)) {
        case 0:
          if (auto hit = own.hit(key(i))) hits.emplace_back(i, std::move(*hit));
          break;
        case 1:
          if (!hits.empty()) {
            const auto at = hits.begin() + below(static_cast<unsigned>(hits.size()));
            EXPECT_EQ(read_content(at->second, 0, size_of(at->first)),
                      content_of(key(at->first), size_of(at->first)));
            std::swap(*at, hits.back());
            hits.pop_back();
          }
          break;
        case 2:
          own.store().purge(by_key(key(i)));
          break;
        case 3: {
          const std::string name = "slow" + std::to_string(turn * 20 + n);
          Found found = own.find(name);
          auto* fill = std::get_if<Fill>(&found.way);
          if (fill == nullptr || !fill->begin_head(facts_for(90'000), head_for(name), {})) break;
          if (fill->append(content_of(name, 45'000))) fills.emplace_back(name, std::move(*fill));
          break;
        }
        default:
          own.put(key(i), size_of(i), i % 3 != 0);
      }
    }
    if (hits.size() > 20) hits.erase(hits.begin(), hits.begin() + 10);
    if (fills.size() > 8) {
      auto& [name, fill] = fills.front();
      if (fill.append(content_of(name, 90'000).substr(45'000))) fill.finish();
      fills.erase(fills.begin());
    }
    if (turn % 5 == 0) {
      ASSERT_TRUE(watcher_->set_size(static_cast<uint64_t>(1 + below(12)) * MiB));
    }
    for (int n = below(40); n > 0 && step() == Resized::more; --n) continue;
    ASSERT_EQ(breaches(*watcher_), "") << "turn " << turn;
    ASSERT_EQ(memory(), watcher_->usage().reserved_bytes) << "turn " << turn;
  }
  hits.clear();
  fills.clear();
  ASSERT_TRUE(resize(2 * MiB));
  EXPECT_EQ(memory(), 2 * MiB);
  EXPECT_LE(watcher_->usage().used_bytes, 2 * MiB);
  EXPECT_EQ(stored(*workers[0], 0, 600), stored(*workers[1], 0, 600));
  workers = {};
  expect_nothing_lost(*watcher_);
}

INSTANTIATE_TEST_SUITE_P(Grains, MixedResizeTest, ::testing::Values(1, 4));

}  // namespace
}  // namespace ringwall::cache::test
