#include "daemon/http/connection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/http/parsed.h"

namespace ringwall::http {
namespace {

/// The names of the fields that may go on to the next hop.
std::vector<std::string> kept(const FieldSection& fields) {
  ConnectionOptions options(fields);
  std::vector<std::string> names;
  for (const Field& field : fields) {
    if (!options.drops(field)) names.emplace_back(fields.name(field));
  }
  return names;
}
using Names = std::vector<std::string>;

TEST(Connection, connection_specific_fields_end_here) {
  WithFields parsed(
      "Connection: close\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nTE: trailers\r\n"
      "Upgrade: websocket\r\nHTTP2-Settings: x\r\nProxy-Authorization: Basic eA==\r\n"
      "Proxy-Authenticate: Basic\r\nTrailer: Digest\r\nAccept: x\r\n");
  EXPECT_EQ(kept(parsed.fields()), (Names{"Host", "Trailer", "Accept"}));
  WithFields chunked("Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(kept(chunked.fields()), (Names{"Host"}));
}

TEST(Connection, unknown_fields_that_it_names_end_here_too) {
  WithFields parsed(
      "X-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\nConnection: x-one\r\n"
      "Connection: close,,  X-THREE\r\n");
  EXPECT_EQ(kept(parsed.fields()), (Names{"Host", "X-Two"}));
}

TEST(Connection, nothing_that_the_next_hop_decides_by_can_be_taken_away) {
  WithFields parsed(
      "Connection: Host, Content-Length, Authorization, Cookie, Cache-Control, X-Forwarded-For, "
      "Via, Range, If-None-Match, Expect\r\nContent-Length: 0\r\nAuthorization: a\r\nCookie: b\r\n"
      "Cache-Control: c\r\nX-Forwarded-For: d\r\nVia: e\r\nRange: f\r\nIf-None-Match: g\r\n");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(kept(parsed.fields()),
            (Names{"Host", "Content-Length", "Authorization", "Cookie", "Cache-Control",
                   "X-Forwarded-For", "Via", "Range", "If-None-Match"}));
}

TEST(Connection, options_are_read_from_all_lines_in_any_case) {
  WithFields parsed("Connection: a\r\nconnection: b, CLOSE\r\nTE: gzip, Trailers\r\n");
  ConnectionOptions options(parsed.fields());
  EXPECT_TRUE(options.close() && !options.keep_alive() && options.takes_trailers());
}

TEST(Connection, upgrade_needs_both_fields) {
  WithFields both("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_TRUE(ConnectionOptions(both.fields()).upgrade());
  WithFields option("Connection: upgrade\r\n");
  EXPECT_FALSE(ConnectionOptions(option.fields()).upgrade());
  WithFields field("Upgrade: websocket\r\n");
  EXPECT_FALSE(ConnectionOptions(field.fields()).upgrade());
}

bool persistent(const char* version, const char* lines) {
  ParsedRequest parsed("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + lines + "\r\n");
  EXPECT_TRUE(parsed.complete());
  return parsed.head.keep_alive;
}

TEST(Connection, persistence_depends_on_version_and_options) {
  EXPECT_TRUE(persistent("1.1", ""));
  EXPECT_TRUE(persistent("1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(persistent("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(persistent("1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_FALSE(persistent("1.0", ""));
  EXPECT_TRUE(persistent("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(persistent("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(persistent("1.0", "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\n"));
}

}  // namespace
}  // namespace ringwall::http
