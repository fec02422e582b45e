// A socket address (IPv4, IPv6 or Unix), a network prefix and a set of prefixes: values, parsed
// from and printed as text the way operators write them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace ringwall::base {

/// IPv4, IPv6 or Unix socket address. Trivially copyable; 112 bytes because of the Unix path.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);

  /// "192.0.2.1:80", "[2001:db8::1]:80", ":80" (all IPv6 and IPv4), "unix:/path". Numeric only.
  static Result<Address> parse(std::string_view text);

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.base.sa_family; }
  bool empty() const { return size_ == 0; }
  /// 0 for Unix sockets.
  uint16_t port() const;
  void set_port(uint16_t port);

  /// "192.0.2.1:80", "[2001:db8::1]:80" or "unix:/path".
  std::string text() const;
  /// Writes the IP without port or brackets (or "unix:") to `out`, which has 48 bytes; the length.
  size_t write_ip(char* out) const;
  std::string ip() const;

  bool operator==(const Address& other) const;

 private:
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } storage_ = {};
  socklen_t size_ = 0;
};

/// A network prefix such as 192.0.2.0/24; an address without a slash is the prefix of itself.
class Prefix {
 public:
  static Result<Prefix> parse(std::string_view text);
  /// IPv4 addresses match IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) too.
  bool contains(const Address& address) const;

 private:
  uint8_t bits_[16] = {};  // IPv4 as its mapped IPv6 form
  int length_ = 0;         // of 128
};

/// A list of prefixes; membership by linear search (lists in configs are short).
class PrefixSet {
 public:
  void add(Prefix prefix) { prefixes_.push_back(prefix); }
  bool contains(const Address& address) const;
  bool empty() const { return prefixes_.empty(); }

 private:
  std::vector<Prefix> prefixes_;
};

}  // namespace ringwall::base
