#include "daemon/proxy/tally.h"

#include <gtest/gtest.h>

namespace ringwall::proxy {
namespace {

using stats::Counter;
using namespace std::chrono_literals;

constexpr base::Instant start{1'000'000'000};

struct Fixture {
  stats::Segment segment = std::move(*stats::Segment::create());
  stats::WorkerStats& own = segment.claim(0, 1, start);

  void count(const Record& record) { tally(record, http::Method::get, 50us, own); }
  uint64_t operator[](Counter counter) const { return own.block[counter].get(); }
};

Record complete(unsigned status) {
  Record record;
  record.status = status;
  record.bytes_sent = 100;
  record.completed = true;
  return record;
}

Record failed(unsigned status, std::string_view word) {
  Record record = complete(status);
  record.error = word;
  return record;
}

TEST(Tally, a_response_counts_by_method_class_and_cache) {
  Fixture f;
  Record record = complete(200);
  record.cache = CacheOutcome::hit;
  record.bytes_received = 40;
  f.count(record);
  EXPECT_EQ(f[Counter::requests_get], 1u);
  EXPECT_EQ(f[Counter::responses_2xx], 1u);
  EXPECT_EQ(f[Counter::cache_hit], 1u);
  EXPECT_EQ(f[Counter::client_bytes_sent], 100u);
  EXPECT_EQ(f[Counter::client_bytes_received], 40u);
  EXPECT_EQ(f[Counter::clients_gone] + f[Counter::responses_cut], 0u);
}

TEST(Tally, a_head_that_was_refused_counts_by_no_method) {
  Fixture f;
  tally(failed(400, "bad head"), std::nullopt, 50us, f.own);
  EXPECT_EQ(f[Counter::responses_4xx], 1u);
  EXPECT_EQ(f[Counter::requests_get] + f[Counter::requests_head] + f[Counter::requests_post] +
                f[Counter::requests_other],
            0u);
}

TEST(Tally, every_outcome_of_the_cache_has_its_counter) {
  const std::pair<CacheOutcome, Counter> outcomes[] = {
      {CacheOutcome::hit, Counter::cache_hit},
      {CacheOutcome::miss, Counter::cache_miss},
      {CacheOutcome::collapsed, Counter::cache_collapsed},
      {CacheOutcome::pass, Counter::cache_pass},
      {CacheOutcome::uncacheable, Counter::cache_uncacheable},
      {CacheOutcome::busy, Counter::cache_busy},
      {CacheOutcome::no_room, Counter::cache_no_room},
  };
  for (auto [outcome, counter] : outcomes) {
    Fixture f;
    Record record = complete(200);
    record.cache = outcome;
    f.count(record);
    EXPECT_EQ(f[counter], 1u) << name_of(outcome);
  }
}

TEST(Tally, an_answer_in_place_of_a_backend_counts_by_its_reason) {
  Fixture f;
  f.count(failed(502, "connect-failed"));
  f.count(failed(502, "backend-closed"));
  f.count(failed(503, "no-backend"));
  f.count(failed(504, "first-byte-timeout"));
  EXPECT_EQ(f[Counter::gateway_502_connect], 1u);
  EXPECT_EQ(f[Counter::gateway_502_closed], 1u);
  EXPECT_EQ(f[Counter::gateway_503_no_backend], 1u);
  EXPECT_EQ(f[Counter::gateway_504_first_byte], 1u);
  EXPECT_EQ(f[Counter::timeouts_first_byte], 1u);
  EXPECT_EQ(f[Counter::responses_cut], 0u);
}

TEST(Tally, a_response_that_was_broken_off_is_cut_and_no_gateway_error) {
  Fixture f;
  Record record = failed(200, "bad-content");
  record.completed = false;
  f.count(record);
  EXPECT_EQ(f[Counter::responses_cut], 1u);
  EXPECT_EQ(f[Counter::gateway_502_response], 0u);
  EXPECT_EQ(f[Counter::clients_gone], 0u);
}

TEST(Tally, a_client_that_left_is_no_fault_of_ours) {
  Fixture f;
  Record record = failed(200, "client-gone");
  record.completed = false;
  f.count(record);
  record.error = "client-slow";
  f.count(record);
  EXPECT_EQ(f[Counter::clients_gone], 2u);
  EXPECT_EQ(f[Counter::timeouts_send], 1u);
  EXPECT_EQ(f[Counter::responses_cut], 0u);
}

}  // namespace
}  // namespace ringwall::proxy
