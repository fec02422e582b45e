#include "daemon/master/asked.h"

#include <gtest/gtest.h>

namespace ringwall::master {
namespace {

std::string understood(std::string_view url) {
  auto asked = Asked::make(url, {}, false);
  return asked ? (*asked)->url() : asked.error().what;
}

TEST(Asked, is_what_a_client_would_send_for_the_url) {
  auto asked = Asked::make("http://a.example:8080/x/../y?q#part",
                           {"Accept-Encoding: br", "Cookie: lang=de"}, true);
  ASSERT_TRUE(asked) << asked.error().what;
  const http::RequestHead& request = (*asked)->request();
  EXPECT_EQ(request.method, http::Method::head);
  EXPECT_EQ(request.target.host, "a.example");
  EXPECT_EQ(request.target.port, 8080);
  EXPECT_EQ((*asked)->path(), "/y");
  EXPECT_EQ(request.fields.first(http::FieldName::accept_encoding), "br");
  EXPECT_EQ((*asked)->head(), "HEAD /x/../y?q HTTP/1.1\r\nHost: a.example:8080\r\n"
                              "Accept-Encoding: br\r\nCookie: lang=de\r\n\r\n");
  EXPECT_EQ((*asked)->scheme(), "http");
  caching::KeyParts parts = (*asked)->key_parts("shop");
  EXPECT_EQ(parts.query, "q");
  EXPECT_EQ(parts.group, "shop");
}

TEST(Asked, urls_are_understood_with_and_without_their_parts) {
  EXPECT_EQ(understood("a.example"), "http://a.example/");
  EXPECT_EQ(understood("HTTPS://a.example?x"), "https://a.example/?x");
  EXPECT_EQ(understood("[::1]:81/a?"), "http://[::1]:81/a?");
  EXPECT_EQ(understood("a.example/?to=http://b"), "http://a.example/?to=http://b");
}

TEST(Asked, what_no_client_can_send_is_refused_with_what_is_wrong) {
  EXPECT_EQ(understood("ftp://a/"), "\"ftp://a/\" is no URL");
  EXPECT_EQ(understood(""), "\"\" is no URL");
  EXPECT_EQ(understood("http://a/ b"), "\"http://a/ b\" is no URL");
  EXPECT_EQ(understood("http://a/%zz"), "\"http://a/%zz\" is no URL");
  EXPECT_EQ(understood("http://u@a/"), "\"http://u@a/\" is no URL");
  auto bad = Asked::make("http://a/", {"no colon"}, false);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().what, "\"no colon\" is no field");
  EXPECT_FALSE(Asked::make("http://a/", {"Host: b"}, false)) << "the URL names it";
}

}  // namespace
}  // namespace ringwall::master
