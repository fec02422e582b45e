#include "daemon/caching/key.h"

#include <gtest/gtest.h>

namespace ringwall::caching {
namespace {

std::string key(const KeyParts& parts) {
  char out[key_bytes_max];
  return std::string(out, write_key(parts, out));
}

TEST(Key, IsTheSameForEverySpellingOfOneTarget) {
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
}

TEST(Key, TellsDifferentTargetsApart) {
  KeyParts parts{"http", "a", 0, "/x", "", false};
  std::string plain = key(parts);
  KeyParts other = parts;
  other.has_query = true;
  EXPECT_NE(key(other), plain);
  other = parts;
  other.port = 8080;
  EXPECT_EQ(key(other), "http://a:8080/x");
  other = parts;
  other.scheme = "https";
  EXPECT_NE(key(other), plain);
  other.port = 443;
  EXPECT_EQ(key(other), "https://a/x");
}

TEST(Key, OfAnAddressLiteralKeepsItsBrackets) {
  EXPECT_EQ(key_of_url("http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080/");
  EXPECT_EQ(key_of_url("http://[::1]"), "http://[::1]/");
}

TEST(Key, TooLongIsNone) {
  std::string path(key_bytes_max, 'a');
  KeyParts parts{"http", "a", 0, path, "", false};
  EXPECT_EQ(key(parts), "");
}

TEST(Key, OfWhatIsNoUrlIsEmpty) {
  for (const char* url : {"", "ftp://a/", "http://", "http://a:x/", "http://a:0/", "http://a/%zz"}) {
    EXPECT_EQ(key_of_url(url), "") << url;
  }
}

}  // namespace
}  // namespace ringwall::caching
