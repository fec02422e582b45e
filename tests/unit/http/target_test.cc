#include "daemon/http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwall::http {
namespace {

Target parsed(std::string_view text, Method method = Method::get) {
  Target target;
  EXPECT_TRUE(parse_target(method, text, target)) << text;
  return target;
}

bool refused(std::string_view text, Method method = Method::get) {
  Target target;
  return !parse_target(method, text, target);
}

TEST(Target, origin_form_has_path_and_query) {
  Target target = parsed("/a/b?c=d?e");
  EXPECT_EQ(target.form, Target::Form::origin);
  EXPECT_EQ(target.path, "/a/b");
  EXPECT_EQ(target.query, "c=d?e");
  EXPECT_TRUE(target.has_query);
  EXPECT_TRUE(target.host.empty());
  EXPECT_FALSE(parsed("/a").has_query);
  EXPECT_TRUE(parsed("/a?").has_query);
  EXPECT_EQ(parsed("//a/b").path, "//a/b");
}

TEST(Target, absolute_form_has_a_host_of_its_own) {
  Target target = parsed("http://Example.org:81/a?b");
  EXPECT_EQ(target.form, Target::Form::absolute);
  EXPECT_EQ(target.scheme, "http");
  EXPECT_EQ(target.host, "Example.org");
  EXPECT_EQ(target.port, 81);
  EXPECT_EQ(target.path, "/a");
  EXPECT_EQ(target.query, "b");
  EXPECT_EQ(parsed("HTTPS://a").scheme, "HTTPS");
  EXPECT_EQ(parsed("http://a").path, "/");
  EXPECT_EQ(parsed("http://a?b").path, "/");
  EXPECT_EQ(parsed("http://a?b").query, "b");
  EXPECT_EQ(parsed("http://[2001:db8::1]:8080/").host, "[2001:db8::1]");
}

TEST(Target, options_of_a_bare_authority_means_the_server) {
  EXPECT_EQ(parsed("http://a", Method::options).path, "*");
  EXPECT_EQ(parsed("http://a/", Method::options).path, "/");
  EXPECT_EQ(parsed("http://a?b", Method::options).path, "/");
}

TEST(Target, authority_form_belongs_to_connect_and_needs_a_port) {
  Target target = parsed("example.org:443", Method::connect);
  EXPECT_EQ(target.form, Target::Form::authority);
  EXPECT_EQ(target.host, "example.org");
  EXPECT_EQ(target.port, 443);
  for (const char* text :
       {"example.org", "example.org:", "/", "http://a:1/", "*", "a:1/", ":443", "a:0", "u@a:1"}) {
    EXPECT_TRUE(refused(text, Method::connect)) << text;
  }
  EXPECT_TRUE(refused("example.org:443"));
}

TEST(Target, asterisk_form_belongs_to_options) {
  EXPECT_EQ(parsed("*", Method::options).path, "*");
  EXPECT_TRUE(refused("*"));
  EXPECT_TRUE(refused("**", Method::options));
}

TEST(Target, what_is_no_target_is_refused) {
  for (const char* text : {"",
                           "a",
                           "a/b",
                           "?a",
                           "http:",
                           "http:/",
                           "http://",
                           "http:///a",
                           "http://:80/",
                           "ftp://a/",
                           "http//a",
                           "://a",
                           "/a#b",
                           "/#",
                           "http://a#b",
                           "http://u@a/",
                           "http://u:p@a/",
                           "http://a:b/",
                           "http://a:65536/",
                           "http://a:0/",
                           "http://a:+1/",
                           "http://a b/",
                           "http://%61/",
                           "http://a,b/",
                           "http://a\\b/",
                           "http://[::1/",
                           "http://[::1]x/",
                           "http://[g::1]/",
                           "http://[]/",
                           "http://[fe80::1%25eth0]/",
                           "/\x7f",
                           "/\x80",
                           "/\xc3\xa9",
                           "/a\tb"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
  EXPECT_TRUE(refused(std::string_view("/a\0b", 4)));
  EXPECT_TRUE(refused(std::string_view("http://[::1\0]/", 14)));
}

TEST(Target, visible_characters_that_browsers_send_pass) {
  EXPECT_EQ(parsed("/a|{}^`\"<>\\%zz").path, "/a|{}^`\"<>\\%zz");
}

TEST(Authority, hosts_and_ports) {
  Authority authority;
  ASSERT_TRUE(parse_authority("a_b-c.example.", authority));
  EXPECT_EQ(authority.host, "a_b-c.example.");
  EXPECT_EQ(authority.port, 0);
  ASSERT_TRUE(parse_authority("192.0.2.1:65535", authority));
  EXPECT_EQ(authority.port, 65535);
  ASSERT_TRUE(parse_authority("a:", authority));
  EXPECT_EQ(authority.host, "a");
  EXPECT_EQ(authority.port, 0);
  ASSERT_TRUE(parse_authority("[::ffff:192.0.2.1]:1", authority));
  EXPECT_EQ(authority.host, "[::ffff:192.0.2.1]");
  for (const char* text :
       {"",   ":80", "a:b", "a:1:2", "a:65536", "a:000080", "a:-1",    "a: 1",
        "a/", "a?b", "a@b", "a,b",   "a b",     "[::1",     "[::1]a",  "[1.2.3.4]",
        "[",  "[]",  "::1", "\"a\"", "a'b",     "a%20b",    "\xc3\xa9"}) {
    EXPECT_FALSE(parse_authority(text, authority)) << text;
  }
  EXPECT_FALSE(parse_authority("[" + std::string(200, ':') + "]", authority));
}

TEST(Authority, hosts_compare_ignoring_case_and_one_final_dot) {
  EXPECT_TRUE(same_host("Example.ORG", "example.org."));
  EXPECT_FALSE(same_host("example.org", "example.com"));
  EXPECT_FALSE(same_host("a..", "a"));
}

}  // namespace
}  // namespace ringwall::http
