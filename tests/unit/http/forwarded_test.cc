#include "daemon/http/forwarded.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

base::Address address(std::string_view text) {
  auto parsed = base::Address::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return *parsed;
}

std::string written(std::string_view lines, const base::Address& peer, bool keep,
                    std::string_view host = "a.example:81") {
  WithFields parsed(lines);
  EXPECT_TRUE(parsed.complete());
  std::array<char, 1024> room;
  HeadWriter out(room);
  write_forwarding(out, parsed.fields(), {peer, "https", host, keep});
  EXPECT_TRUE(out.ok());
  return std::string(out.text());
}

const char* const sent_by_client =
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.7\r\nX-Forwarded-Proto: http\r\n"
    "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 203.0.113.9\r\n"
    "Forwarded: for=203.0.113.9\r\n";

TEST(Forwarding, what_an_untrusted_peer_sends_is_replaced) {
  EXPECT_EQ(written(sent_by_client, address("192.0.2.1:4000"), false),
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: a.example:81\r\n");
}

TEST(Forwarding, what_a_trusted_peer_sends_is_kept_and_added_to) {
  EXPECT_EQ(
      written(sent_by_client, address("[2001:db8::1]:4000"), true),
      "X-Forwarded-For: 203.0.113.9, 10.0.0.7, 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"
      "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 203.0.113.9\r\n"
      "Forwarded: for=203.0.113.9, for=\"[2001:db8::1]\";host=\"a.example:81\";proto=https\r\n");
}

TEST(Forwarding, a_trusted_peer_that_sends_nothing_is_described_like_any_other) {
  EXPECT_EQ(written("", address("192.0.2.1:4000"), true, ""),
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n");
  EXPECT_EQ(written("X-Forwarded-For:\r\n", address("[::ffff:192.0.2.1]:4000"), true, ""),
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n");
}

TEST(Forwarding, a_unix_peer_has_no_address_to_tell) {
  EXPECT_EQ(written("", address("unix:/run/x"), false, ""), "X-Forwarded-Proto: https\r\n");
  EXPECT_EQ(written("X-Forwarded-For: 192.0.2.1\r\n", address("unix:/run/x"), true, ""),
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n");
}

TEST(Forwarding, forwarded_quotes_what_is_no_token) {
  std::array<char, 256> room;
  HeadWriter out(room);
  WithFields parsed("");
  base::Address peer = address("192.0.2.1:1");
  write_forwarded(out, parsed.fields(), {peer, "http", "a.example", true});
  base::Address local = address("unix:/run/x");
  write_forwarded(out, parsed.fields(), {local, "http", "[::1]:80", true});
  EXPECT_EQ(out.text(),
            "Forwarded: for=192.0.2.1;host=a.example;proto=http\r\n"
            "Forwarded: for=unknown;host=\"[::1]:80\";proto=http\r\n");
}

class ClientAddress : public testing::Test {
 protected:
  ClientAddress() {
    trusted_.add(*base::Prefix::parse("10.0.0.0/8"));
    trusted_.add(*base::Prefix::parse("fd00::/8"));
  }
  std::string seen(std::string_view lines, std::string_view peer = "10.0.0.1:1",
                   FieldName source = FieldName::x_forwarded_for) {
    WithFields parsed(lines);
    EXPECT_TRUE(parsed.complete());
    return client_address(parsed.fields(), address(peer), trusted_, source).ip();
  }
  std::string by_forwarded(std::string value) {
    return seen("Forwarded: " + value + "\r\n", "10.0.0.1:1", FieldName::forwarded);
  }
  base::PrefixSet trusted_;
};

TEST_F(ClientAddress, of_an_untrusted_peer_is_its_own) {
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n", "192.0.2.1:1"), "192.0.2.1");
  EXPECT_EQ(seen("", "10.0.0.1:1"), "10.0.0.1");
}

TEST_F(ClientAddress, is_the_last_entry_that_is_not_trusted) {
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n"), "1.2.3.4");
  EXPECT_EQ(seen("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.1.1, fd00::1\r\n"), "1.2.3.4");
  EXPECT_EQ(seen("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4,,10.1.1.1\r\n"), "1.2.3.4");
  EXPECT_EQ(seen("X-Forwarded-For: 10.6.6.6, 1.2.3.4:5, [fd00::1]:80\r\n"), "1.2.3.4");
  EXPECT_EQ(seen("X-Forwarded-For: 2001:db8::7\r\n"), "2001:db8::7");
}

TEST_F(ClientAddress, is_the_far_end_when_all_are_trusted) {
  EXPECT_EQ(seen("X-Forwarded-For: 10.2.2.2, 10.1.1.1\r\n"), "10.2.2.2");
}

TEST_F(ClientAddress, an_entry_that_is_no_address_ends_at_the_hop_that_told_it) {
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4, unknown\r\n"), "10.0.0.1");
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4, unknown, 10.1.1.1\r\n"), "10.1.1.1");
  EXPECT_EQ(seen("X-Forwarded-For: junk, 1.2.3.4, 10.1.1.1\r\n"), "1.2.3.4");
  EXPECT_EQ(seen("X-Forwarded-For: \"6.6.6.6, 1.2.3.4\r\n"), "1.2.3.4");
}

TEST_F(ClientAddress, can_be_read_from_forwarded) {
  EXPECT_EQ(by_forwarded("for=1.2.3.4;proto=http"), "1.2.3.4");
  EXPECT_EQ(by_forwarded("proto=http;For=\"[2001:db8::7]:80\", for=10.1.1.1"), "2001:db8::7");
  EXPECT_EQ(by_forwarded("for=6.6.6.6, for=_hidden, for=10.1.1.1"), "10.1.1.1");
  EXPECT_EQ(by_forwarded("for=6.6.6.6, proto=http"), "10.0.0.1");
  EXPECT_EQ(by_forwarded("for=\"1.2.3.4\\:80\""), "1.2.3.4");
  EXPECT_EQ(by_forwarded("for=\"6.6.6.6, for=1.2.3.4"), "10.0.0.1");
}

TEST(Node, addresses_with_and_without_port) {
  EXPECT_EQ(parse_node("192.0.2.1").ip(), "192.0.2.1");
  EXPECT_EQ(parse_node("192.0.2.1:80").ip(), "192.0.2.1");
  EXPECT_EQ(parse_node("2001:db8::1").ip(), "2001:db8::1");
  EXPECT_EQ(parse_node("[2001:db8::1]").ip(), "2001:db8::1");
  EXPECT_EQ(parse_node("[2001:db8::1]:80").ip(), "2001:db8::1");
  for (const char* text : {"", "unknown", "_x", "1.2.3", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536",
                           "[::1", "[::1]80", "[::1]:", "[1.2.3.4]", "[]", "::g", "1.2.3.4 "}) {
    EXPECT_TRUE(parse_node(text).empty()) << text;
  }
  EXPECT_TRUE(parse_node(std::string(100, '1')).empty());
}

}  // namespace
}  // namespace ringwall::http
