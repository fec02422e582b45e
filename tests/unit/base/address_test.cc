#include "daemon/base/address.h"

#include <gtest/gtest.h>

#include <string>

namespace ringwall::base {
namespace {

TEST(Address, is_printed_as_it_was_written) {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:443", "0.0.0.0:0", "[::]:65535",
                           "unix:/run/ringwall.sock"}) {
    auto address = Address::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(Address::parse(":8080")->text(), "[::]:8080");
  EXPECT_EQ(Address().text(), "-");
}

TEST(Address, what_is_no_address_is_refused_with_a_reason) {
  for (const char* text :
       {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:x",
        "192.0.2:80", "example.org:80", "2001:db8::1:80x", "[2001:db8::g]:80", "unix:"}) {
    auto address = Address::parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_FALSE(address.error().what.empty());
  }
  EXPECT_FALSE(Address::parse("unix:/" + std::string(107, 'a')).ok());
  EXPECT_TRUE(Address::parse("unix:/" + std::string(106, 'a')).ok());
}

TEST(Address, has_family_port_and_ip) {
  Address v4 = *Address::parse("192.0.2.1:80");
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_EQ(v4.port(), 80);
  EXPECT_EQ(v4.ip(), "192.0.2.1");
  v4.set_port(81);
  EXPECT_EQ(v4.text(), "192.0.2.1:81");
  Address v6 = *Address::parse("[2001:db8::1]:443");
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.ip(), "2001:db8::1");
  v6.set_port(1);
  EXPECT_EQ(v6.port(), 1);
  Address local = *Address::parse("unix:/x");
  EXPECT_EQ(local.port(), 0);
  EXPECT_EQ(local.ip(), "unix:");
  EXPECT_TRUE(Address().empty());
}

TEST(Address, a_mapped_ipv4_address_is_printed_as_ipv4) {
  EXPECT_EQ(Address::parse("[::ffff:192.0.2.1]:80")->ip(), "192.0.2.1");
}

TEST(Address, is_equal_to_itself_only) {
  Address a = *Address::parse("192.0.2.1:80");
  EXPECT_EQ(a, *Address::parse("192.0.2.1:80"));
  EXPECT_FALSE(a == *Address::parse("192.0.2.1:81"));
  EXPECT_FALSE(a == *Address::parse("192.0.2.2:80"));
  EXPECT_FALSE(a == *Address::parse("unix:/x"));
}

bool inside(const char* prefix, const char* address) {
  auto parsed = Prefix::parse(prefix);
  EXPECT_TRUE(parsed.ok()) << prefix;
  return parsed->contains(*Address::parse(address));
}

TEST(Prefix, holds_the_addresses_that_begin_with_its_bits) {
  EXPECT_TRUE(inside("192.0.2.0/24", "192.0.2.255:1"));
  EXPECT_FALSE(inside("192.0.2.0/24", "192.0.3.0:1"));
  EXPECT_TRUE(inside("192.0.2.128/25", "192.0.2.128:1"));
  EXPECT_FALSE(inside("192.0.2.128/25", "192.0.2.127:1"));
  EXPECT_TRUE(inside("192.0.2.1", "192.0.2.1:1"));
  EXPECT_FALSE(inside("192.0.2.1", "192.0.2.2:1"));
  EXPECT_TRUE(inside("0.0.0.0/0", "255.1.2.3:1"));
  EXPECT_TRUE(inside("2001:db8::/33", "[2001:db8:7fff::1]:1"));
  EXPECT_FALSE(inside("2001:db8::/33", "[2001:db8:8000::1]:1"));
  EXPECT_TRUE(inside("::/0", "[2001:db8::1]:1"));
}

TEST(Prefix, ipv4_and_its_mapped_form_are_one) {
  EXPECT_TRUE(inside("192.0.2.0/24", "[::ffff:192.0.2.7]:1"));
  EXPECT_FALSE(inside("192.0.2.0/24", "[2001:db8::1]:1"));
  EXPECT_FALSE(inside("0.0.0.0/0", "[2001:db8::1]:1"));
  EXPECT_FALSE(inside("::/0", "unix:/x"));
}

TEST(Prefix, what_is_no_prefix_is_refused) {
  for (const char* text : {"", "/", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "192.0.2.0/-1",
                           "2001:db8::/129", "192.0.2/24", "example.org", "192.0.2.0/24/8", "/8"}) {
    EXPECT_FALSE(Prefix::parse(text).ok()) << text;
  }
}

TEST(PrefixSet, holds_what_any_of_its_prefixes_holds) {
  PrefixSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(set.contains(*Address::parse("192.0.2.1:1")));
  set.add(*Prefix::parse("192.0.2.0/24"));
  set.add(*Prefix::parse("2001:db8::/32"));
  EXPECT_TRUE(set.contains(*Address::parse("192.0.2.1:1")));
  EXPECT_TRUE(set.contains(*Address::parse("[2001:db8::1]:1")));
  EXPECT_FALSE(set.contains(*Address::parse("198.51.100.1:1")));
}

}  // namespace
}  // namespace ringwall::base
