#include "daemon/caching/key.h"

#include "tests/unit/caching/heads.h"

namespace ringwall::caching {
namespace {

std::string key(const KeyParts& parts, const conf::CacheKey& settings = {},
                const std::string& fields = {}) {
  char out[key_bytes_max];
  Request request("GET /", fields);
  return std::string(out, write_key(parts, settings, request.head.fields, out));
}

constexpr KeyParts plain_parts{"http", "a", 0, "/x", "", false};

TEST(Key, is_the_same_for_every_spelling_of_one_target) {
  KeyParts parts{"http", "Example.ORG", 0, "/a", "", false};
  std::string plain = key(parts);
  EXPECT_EQ(plain, "http://example.org/a");
  parts.port = 80;
  EXPECT_EQ(key(parts), plain);
  parts.host = "example.org.";
  EXPECT_EQ(key(parts), plain);
  EXPECT_EQ(key_of_url("HTTP://EXAMPLE.org:80/a"), plain);
  EXPECT_EQ(key_of_url("example.org/a#part"), plain);
  EXPECT_EQ(key_of_url("http://example.org/b/../%61"), plain);
  EXPECT_EQ(key_of_url("http://example.org./a"), plain);
}

TEST(Key, tells_different_targets_apart) {
  std::string plain = key(plain_parts);
  KeyParts other = plain_parts;
  other.has_query = true;
  EXPECT_EQ(key(other), "http://a/x?");
  other = plain_parts;
  other.port = 8080;
  EXPECT_EQ(key(other), "http://a:8080/x");
  other = plain_parts;
  other.scheme = "https";
  EXPECT_EQ(key(other), "https://a/x");
  other.port = 443;
  EXPECT_EQ(key(other), "https://a/x");
  other.port = 80;
  EXPECT_EQ(key(other), "https://a:80/x");
  EXPECT_NE(key_of_url("http://a/x%2Fy"), key_of_url("http://a/x/y"));
  EXPECT_NE(key_of_url("http://a/x\\y"), key_of_url("http://a/x/y"));
  EXPECT_NE(key_of_url("http://a//x"), key_of_url("http://a/x"));
  EXPECT_NE(key_of_url("http://a/X"), key_of_url("http://a/x"));
}

TEST(Key, of_an_address_literal_keeps_its_brackets) {
  EXPECT_EQ(key_of_url("http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080/");
  EXPECT_EQ(key_of_url("http://[::1]"), "http://[::1]/");
}

TEST(Key, of_what_is_no_url_is_empty) {
  for (const char* url : {"", "ftp://a/", "http://", "http://a:x/", "http://a:0/", "http://a/%zz",
                          "http://a/%00", "http://a b/", "http://a/\n", "http://u@a/", "/a",
                          "http://(g)/", "http://a/x\ncookie a=b", "http://\xc3\xa4/"}) {
    EXPECT_EQ(key_of_url(url), "") << url;
  }
  EXPECT_EQ(key_of_url("a/?u=http://b/"), "http://a/?u=http://b/");
}

TEST(Key, too_long_is_none) {
  KeyParts parts = plain_parts;
  std::string path(key_bytes_max - 8, 'a');
  parts.path = path;
  EXPECT_EQ(key(parts).size(), key_bytes_max);
  path += "a";
  parts.path = path;
  EXPECT_EQ(key(parts), "");
  parts.path = "/";
  parts.has_query = true;
  parts.query = path;
  EXPECT_EQ(key(parts), "");
}

TEST(Key, a_path_may_be_taken_in_lower_case) {
  conf::CacheKey settings;
  settings.path_lower_case = true;
  KeyParts parts{"http", "a", 0, "/X%2Fy", "Q", true};
  EXPECT_EQ(key(parts, settings), "http://a/x%2fy?Q");
  EXPECT_EQ(key_of_url("http://a/X%2Fy?Q", settings), "http://a/x%2fy?Q");
}

TEST(Key, hosts_share_only_within_one_group) {
  conf::CacheKey settings;
  settings.host = false;
  KeyParts parts{"http", "a", 8080, "/x", "", false, "static"};
  EXPECT_EQ(key(parts, settings), "http://(static)/x");
  EXPECT_EQ(key_of_url("http://b/x", settings, "static"), "http://(static)/x");
  parts.group = "other";
  EXPECT_NE(key(parts, settings), key_of_url("http://b/x", settings, "static"));
  parts.scheme = "https";
  EXPECT_EQ(key(parts, settings), "https://(other)/x");
  parts.group = {};
  EXPECT_EQ(key(parts, settings), "");
  EXPECT_EQ(key_of_url("http://b/x", settings), "");
}

TEST(Key, fields_and_cookies_come_behind_the_url) {
  conf::CacheKey settings;
  settings.fields = {"X-Device", "accept"};
  settings.cookies = {"lang", "Lang"};
  EXPECT_EQ(key(plain_parts, settings,
                "Cookie: a=b; lang=de;Lang = fr ;lang=en\r\nx-device: tv\r\nX-Device: 4k\r\n"),
            "http://a/x\nx-device: tv, 4k\naccept\ncookie lang=de\ncookie Lang=fr");
  EXPECT_EQ(key(plain_parts, settings, "Cookie: x\r\nCookie: Lang=\r\nAccept:\r\n"),
            "http://a/x\nx-device\naccept: \ncookie lang\ncookie Lang=");
  // An operator's key is what all of them begin with.
  EXPECT_TRUE(key(plain_parts, settings).starts_with(key_of_url("http://a/x", settings) + "\n"));
}

TEST(Key, composition_reaches_the_query) {
  conf::CacheKey settings;
  settings.query_without = {"utm_*"};
  settings.query_sorted = true;
  KeyParts parts{"http", "a", 0, "/x", "b=1&utm_x=2&a=3", true};
  EXPECT_EQ(key(parts, settings), "http://a/x?a=3&b=1");
  EXPECT_EQ(key_of_url("a/x?b=1&a=3&utm_y", settings), "http://a/x?a=3&b=1");
}

}  // namespace
}  // namespace ringwall::caching
