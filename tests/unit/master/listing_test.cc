#include "daemon/master/listing.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

using Listed = cache::Store::Listed;

constexpr base::WallSeconds now = 1'700'000'000;

Listed stored(std::string_view key, uint64_t hits = 0, uint64_t bytes = 0, uint32_t origin_ms = 0) {
  Listed listed;
  listed.key = key;
  listed.hits = hits;
  listed.bytes = bytes;
  listed.facts.origin_ms = origin_ms;
  listed.facts.response_time_s = static_cast<uint32_t>(now) - 10;
  listed.facts.lifetime_s = 60;
  return listed;
}

std::string urls(const control::StoredListReport& report) {
  std::string out;
  for (const auto& one : report.responses) out += one.url + " ";
  return out;
}

TEST(Listing, keeps_what_begins_so_in_order_up_to_the_limit) {
  Listing listing({"http://a/", "http://(g)/"}, 2, now);
  EXPECT_TRUE(listing.take(stored("http://b/1")));
  EXPECT_TRUE(listing.take(stored("http://a/2")));
  EXPECT_TRUE(listing.take(stored("http://(g)/1")));
  EXPECT_FALSE(listing.take(stored("http://a/3")));
  control::StoredListReport report = listing.take_report();
  EXPECT_EQ(urls(report), "http://(g)/1 http://a/2 ");
  EXPECT_TRUE(report.more);
  EXPECT_EQ(report.walked, 4u);
}

TEST(Listing, tells_what_a_response_is_like) {
  Listing listing({}, 9, now);
  Listed one = stored("http://a/1\ncookie lang=de\naccept: x", 4, 99, 250);
  one.selectors = "accept-encoding:br\n";
  listing.take(one);
  control::StoredListReport report = listing.take_report();
  ASSERT_EQ(report.responses.size(), 1u);
  const control::StoredReport& row = report.responses[0];
  EXPECT_FALSE(report.more);
  EXPECT_EQ(row.url, "http://a/1");
  EXPECT_EQ(row.key_lines, (std::vector<std::string>{"cookie lang=de", "accept: x"}));
  EXPECT_EQ(row.selectors, std::vector<std::string>{"accept-encoding:br"});
  EXPECT_EQ(row.age_s, 10u);
  EXPECT_EQ(row.remaining_s, 50);
  EXPECT_EQ(row.saved_ms, 1000u);
}

TEST(Listing, fits_into_a_message) {
  std::string key = "http://a/" + std::string(2000, 'x');
  Listing listing({}, 10'000, now);
  while (listing.take(stored(key))) {
  }
  control::StoredListReport report = listing.take_report();
  EXPECT_TRUE(report.more);
  EXPECT_GT(report.responses.size(), 500u);
  EXPECT_LT(control::result_text(1, control::encode(report)).size(),
            base::control_message_bytes_max);
}

TEST(Ranking, keeps_the_best) {
  for (auto [by, wanted] : {std::pair(Ranking::By::hits, "many some "),
                            std::pair(Ranking::By::bytes, "large some "),
                            std::pair(Ranking::By::origin_time, "some slow ")}) {
    Ranking ranking(by, 2, now);
    ranking.take(stored("few", 1, 1, 1));
    ranking.take(stored("many", 100, 1, 0));
    ranking.take(stored("large", 0, 1000, 0));
    ranking.take(stored("some", 50, 500, 50));
    ranking.take(stored("slow", 2, 10, 1000));
    control::StoredListReport report = ranking.take_report();
    EXPECT_EQ(urls(report), wanted);
    EXPECT_EQ(report.walked, 5u);
    EXPECT_TRUE(report.more);
  }
}

TEST(Ranking, is_by_names_of_its_own) {
  EXPECT_EQ(Ranking::by_name("origin-time"), Ranking::By::origin_time);
  EXPECT_EQ(Ranking::by_name("age"), std::nullopt);
}

}  // namespace
}  // namespace ringwall::master
