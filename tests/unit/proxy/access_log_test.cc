#include "daemon/proxy/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace ringwall::proxy {
namespace {

constexpr int64_t began = 1'700'000'000'123'456'000;  // 2023-11-14 22:13:20.123456 UTC
constexpr int64_t ended = began + 1'500'000;

Record example() {
  Record record;
  record.client = *base::Address::parse("192.0.2.7:4711");
  record.method = "GET";
  record.host = "example.org";
  record.target = "/a?b=c";
  record.user_agent = "agent";
  record.started_wall_ns = began;
  record.status = 200;
  record.content_bytes = 12;
  record.completed = true;
  record.cache = CacheOutcome::miss;
  record.upstream = "app";
  record.backend = "10.0.0.1:80";
  record.attempts = 1;
  record.connect_us = 3;
  record.first_byte_us = 900;
  return record;
}

std::string combined(const Record& record) {
  std::string line;
  format_combined(record, ended, line);
  return line;
}

nlohmann::json json(const Record& record) {
  std::string line;
  format_json(record, ended, line);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  return nlohmann::json::parse(line);
}

TEST(AccessLog, a_combined_line_holds_what_the_manual_says) {
  EXPECT_EQ(combined(example()),
            "192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] \"GET /a?b=c HTTP/1.1\" 200 12 \"-\" "
            "\"agent\" \"example.org\" miss app/10.0.0.1:80 1500 3 900 -\n");
}

TEST(AccessLog, nothing_a_client_sends_ends_a_line_or_its_quotes) {
  Record record = example();
  record.target = "/\"\\\n\x01\x7f\xff";
  record.user_agent = "x\" 200 5 \"";
  std::string line = combined(record);
  EXPECT_NE(line.find("/\\x22\\x5c\\x0a\\x01\\x7f\\xff "), std::string::npos) << line;
  EXPECT_NE(line.find("\"x\\x22 200 5 \\x22\""), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(json(record)["user_agent"], "x\" 200 5 \"");
}

TEST(AccessLog, a_json_line_is_json) {
  nlohmann::json line = json(example());
  EXPECT_EQ(line["time"], "2023-11-14T22:13:20.124956Z");
  EXPECT_EQ(line["client"], "192.0.2.7");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["total_us"], 1500);
  EXPECT_EQ(line["cache"], "miss");
  EXPECT_EQ(line["completed"], true);
  EXPECT_FALSE(line.contains("referer"));
  EXPECT_FALSE(line.contains("error"));
}

TEST(AccessLog, an_exchange_that_broke_off_says_so) {
  Record record = example();
  record.completed = false;
  EXPECT_TRUE(combined(record).ends_with(" cut\n"));
  record.error = "backend-idle";
  EXPECT_TRUE(combined(record).ends_with(" backend-idle\n"));
  EXPECT_EQ(json(record)["error"], "backend-idle");
}

TEST(AccessLog, lines_that_cannot_be_kept_are_counted) {
  stats::Segment segment = std::move(*stats::Segment::create());
  stats::WorkerStats& own = segment.claim(0, 1, base::Instant{1});
  auto loop = std::move(*io::Loop::create());
  int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  AccessLog log(*loop, full, own);
  for (int i = 0; i < 3; ++i) log.write(example());
  log.set_descriptor(-1);
  EXPECT_EQ(own.block[stats::Counter::log_lines_dropped].get(), 3u);
  ::close(full);
}

}  // namespace
}  // namespace ringwall::proxy
