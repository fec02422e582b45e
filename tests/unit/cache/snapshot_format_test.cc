#include "cache/snapshot_format.h"

#include <gtest/gtest.h>

#include "cache/layout.h"

namespace ringwall::cache {
namespace {

SnapshotResponse response() {
  SnapshotResponse one;
  one.key = "http://a/x\n";
  one.selectors = "accept-language:de\n";
  one.head = "Content-Type: text/plain\r\nETag: \"e\"\r\n";
  one.tags = {2, ~uint64_t{0}};
  one.facts = {1, 2, 3, 4, 5, 200, 0x8001, 7};
  one.content_length = 5'000'000'000;
  one.used_at_ms = 1'700'000'000'123;
  one.hits = 42;
  one.again = true;
  one.purged_soft = true;
  return one;
}

std::string block_of(uint64_t number, BlockKind kind, std::string_view payload) {
  std::string out;
  write_block(out, number, kind, payload);
  return out;
}

TEST(SnapshotFormat, a_response_is_read_as_it_was_written) {
  const SnapshotResponse one = response();
  const std::string text = payload_of(one);
  const auto read = read_response(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->key, one.key);
  EXPECT_EQ(read->selectors, one.selectors);
  EXPECT_EQ(read->head, one.head);
  EXPECT_EQ(read->tags, one.tags);
  EXPECT_EQ(read->facts.response_time_s, 1u);
  EXPECT_EQ(read->facts.age_at_response_s, 2u);
  EXPECT_EQ(read->facts.lifetime_s, 3u);
  EXPECT_EQ(read->facts.stale_while_revalidate_s, 4u);
  EXPECT_EQ(read->facts.stale_if_error_s, 5u);
  EXPECT_EQ(read->facts.status, 200);
  EXPECT_EQ(read->facts.flags, 0x8001);
  EXPECT_EQ(read->facts.origin_ms, 7u);
  EXPECT_EQ(read->content_length, one.content_length);
  EXPECT_EQ(read->used_at_ms, one.used_at_ms);
  EXPECT_EQ(read->hits, 42u);
  EXPECT_TRUE(read->again);
  EXPECT_TRUE(read->purged_soft);
}

// What files of earlier releases hold does not change unawares.
TEST(SnapshotFormat, the_bytes_are_those_of_version_1) {
  std::string start;
  write_start(start);
  EXPECT_EQ(start, std::string_view("\x93RWSNAP\n\1\0\0\0", snapshot_start_bytes));
  SnapshotResponse one;
  one.key = "k";
  one.head = "a: b\r\n";
  one.tags = {0x0102030405060708};
  one.facts.status = 200;
  one.used_at_ms = 0x1122;
  EXPECT_EQ(payload_of(one).substr(0, 3), std::string_view("\x22\x11\0", 3));
  EXPECT_EQ(payload_of(one).size(), 8u + 8 + 4 + 4 + 28 + 5 + 4 + 10 + 4 + 8);
  const std::string block = block_of(3, BlockKind::end, payload_of(SnapshotEnd{1, 2}));
  EXPECT_EQ(block.size(), block_head_bytes + 16);
  EXPECT_EQ(block.substr(8, 8), std::string_view("\3\0\0\0\20\0\0\0", 8));
}

TEST(SnapshotFormat, what_begins_otherwise_is_refused_with_a_reason) {
  std::string start;
  write_start(start);
  EXPECT_TRUE(read_start(start));
  EXPECT_NE(read_start("GIF89a").error().what.find("no snapshot"), std::string::npos);
  EXPECT_NE(read_start("").error().what.find("no snapshot"), std::string::npos);
  EXPECT_NE(read_start(start.substr(0, 9)).error().what.find("cut off"), std::string::npos);
  start[8] = 2;
  EXPECT_NE(read_start(start).error().what.find("version 2"), std::string::npos);
}

TEST(SnapshotFormat, a_changed_byte_anywhere_in_a_block_is_seen) {
  const std::string sound = block_of(7, BlockKind::content, "content");
  EXPECT_EQ(read_block(sound, 7).state, Block::State::complete);
  EXPECT_EQ(read_block(sound, 7).payload, "content");
  for (size_t i = 0; i < sound.size(); ++i) {
    std::string changed = sound;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(read_block(changed, 7).state, Block::State::complete) << i;
  }
}

TEST(SnapshotFormat, a_block_in_another_place_is_damaged) {
  const std::string block = block_of(7, BlockKind::content, "content");
  EXPECT_EQ(read_block(block, 8).state, Block::State::damaged);
}

TEST(SnapshotFormat, a_block_is_incomplete_until_all_of_it_is_there) {
  const std::string block = block_of(0, BlockKind::content, "content");
  for (size_t n = 0; n < block.size(); ++n) {
    EXPECT_EQ(read_block(std::string_view(block).substr(0, n), 0).state, Block::State::incomplete);
  }
}

TEST(SnapshotFormat, a_length_beyond_the_bounds_is_not_waited_for) {
  std::string block = block_of(0, BlockKind::content, "content");
  block[15] = 1;  // 16 MiB more
  EXPECT_EQ(read_block(block, 0).state, Block::State::damaged);
}

TEST(SnapshotFormat, what_could_not_be_stored_is_not_read) {
  const auto read = [](auto change) {
    SnapshotResponse one = response();
    change(one);
    return read_response(payload_of(one)).has_value();
  };
  const std::string long_key(size_t{key_bytes_max} + 1, 'k');
  const std::string selectors(selectors_bytes_max + 1, 's');
  EXPECT_TRUE(read([](SnapshotResponse&) {}));
  EXPECT_TRUE(read([](SnapshotResponse& one) { one.head = {}; })) << "slices have none";
  EXPECT_FALSE(read([](SnapshotResponse& one) { one.key = {}; }));
  EXPECT_FALSE(read([&](SnapshotResponse& one) { one.key = long_key; }));
  EXPECT_FALSE(read([&](SnapshotResponse& one) { one.selectors = selectors; }));
  EXPECT_FALSE(read([](SnapshotResponse& one) { one.tags.resize(tags_max + 1); }));
  EXPECT_FALSE(read([](SnapshotResponse& one) { one.facts.status = 99; }));
  EXPECT_FALSE(read([](SnapshotResponse& one) { one.content_length = ~uint64_t{0}; }));
  for (std::string_view head : {"A: b", "A: b\n", "A: b\r\n\r\n", "A: b\r\nB: c", "A: b\rB: c\r\n",
                                "A: b\nB: c\r\n", "nothing\r\n", "\r\n"}) {
    EXPECT_FALSE(read([&](SnapshotResponse& one) { one.head = head; })) << head;
  }
}

TEST(SnapshotFormat, a_payload_that_is_too_short_or_too_long_is_not_read) {
  const std::string text = payload_of(response());
  for (size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(read_response(text.substr(0, n))) << n;
  EXPECT_FALSE(read_response(text + '\0'));
  const std::string end = payload_of(SnapshotEnd{1, 2});
  EXPECT_EQ(read_end(end)->content_bytes, 2u);
  EXPECT_FALSE(read_end(end.substr(1)));
  EXPECT_FALSE(read_end(end + '\0'));
}

}  // namespace
}  // namespace ringwall::cache
