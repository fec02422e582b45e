// The store's order of eviction against that of policy_bench, request by request over the same
// traces: what the bench says of the one holds for the other.
#include <memory>

#include "tests/bench/policy_trace.h"
#include "tests/unit/cache/cache_fixture.h"

namespace ringwall::cache::test {
namespace {

class OrderTest : public CacheTest {
 protected:
  static constexpr size_t requests = 60'000;

  static bench::Trace trace(std::string_view name) {
    bench::TraceOptions options;
    options.requests = requests;
    options.constant_size = true;
    for (const bench::TraceKind& kind : bench::trace_kinds()) {
      if (kind.name == name) return kind.make(options);
    }
    ADD_FAILURE() << "no trace " << name;
    return {};
  }
  static uint64_t capacity(const bench::Trace& trace) {
    return std::max(trace.footprint / 10 / 65'536 * 65'536, 1 * MiB);
  }

  /// Percent.
  static double modelled(const bench::Trace& trace, bool literal) {
    const auto policy = (literal ? bench::make_lru : bench::make_learning)(trace, capacity(trace));
    size_t hits = 0;
    for (const uint32_t object : trace.requests) hits += policy->request(object);
    return 100.0 * static_cast<double>(hits) / requests;
  }
  double real(const bench::Trace& trace, bool literal) {
    open(capacity(trace), literal);
    EXPECT_TRUE(resize(capacity(trace)));
    const auto own = worker(0);
    // With entry and key 4 KiB: what the trace calls an object.
    const std::string head(100, 'h');
    const std::string content(3840, 'c');
    size_t hits = 0;
    for (const uint32_t object : trace.requests) {
      Found found = own->find("http://x/" + std::to_string(object));
      hits += std::holds_alternative<Hit>(found.way);
      auto* fill = std::get_if<Fill>(&found.way);
      if (fill == nullptr) continue;
      EXPECT_TRUE(fill->begin_head({}, head, content.size()) && fill->append(content));
      fill->finish();
    }
    EXPECT_EQ(breaches(own->store()), "");
    return 100.0 * static_cast<double>(hits) / requests;
  }
};

class OrderOfTest : public OrderTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OrderOfTest, hits_what_the_model_hits) {
  const bench::Trace requests = trace(GetParam());
  EXPECT_NEAR(real(requests, false), modelled(requests, false), 0.5);
}

INSTANTIATE_TEST_SUITE_P(Traces, OrderOfTest,
                         ::testing::Values("zipf-0.9", "one-hit", "scans", "drift", "thrice"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
                           return name;
                         });

TEST_F(OrderTest, the_literal_order_hits_what_plain_lru_hits) {
  const bench::Trace requests = trace("zipf-0.9");
  EXPECT_NEAR(real(requests, true), modelled(requests, true), 0.5);
}

// What a fixed boundary fails on: everything is asked for three times, then never again.
TEST_F(OrderTest, what_is_asked_for_three_times_is_hit_as_often_as_with_plain_lru) {
  const bench::Trace requests = trace("thrice");
  EXPECT_GT(real(requests, false), modelled(requests, true) - 0.5);
}

TEST_F(OrderTest, a_popular_few_survive_scans_and_beat_plain_lru) {
  const bench::Trace requests = trace("scans");
  EXPECT_GT(real(requests, false), modelled(requests, true) + 1);
}

}  // namespace
}  // namespace ringwall::cache::test
