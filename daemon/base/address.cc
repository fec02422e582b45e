#include "daemon/base/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "daemon/base/text.h"

namespace ringwall::base {
namespace {

/// The address as 16 bytes, IPv4 in its mapped form; false for Unix sockets.
bool as_v6(const Address& address, uint8_t (&out)[16]) {
  if (address.family() == AF_INET6) {
    std::memcpy(out, &reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 16);
    return true;
  }
  if (address.family() != AF_INET) return false;
  std::memset(out, 0, 10);
  out[10] = out[11] = 0xff;
  std::memcpy(out + 12, &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 4);
  return true;
}

Result<Address> parse_unix(std::string_view path) {
  sockaddr_un local = {};
  local.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(local.sun_path)) {
    return fail("a Unix socket path has 1 to 107 characters");
  }
  std::memcpy(local.sun_path, path.data(), path.size());
  auto length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return Address(reinterpret_cast<const sockaddr*>(&local), static_cast<socklen_t>(length));
}

/// As inet_ntop does, without its snprintf: an address is written for every request that is forwarded.
size_t write_v4(const void* address, char* out) {
  const auto* bytes = static_cast<const unsigned char*>(address);
  char* at = out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, at + 3, bytes[i]).ptr;
  }
  *at = '\0';
  return static_cast<size_t>(at - out);
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t length) : size_(length) {
  RW_ASSERT(length <= sizeof(storage_));
  std::memcpy(&storage_, address, length);
}

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail("no port: write address:port");
  auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return fail("the port is not a number from 0 to 65535");
  std::string host(text.substr(0, colon));
  if (host.empty()) host = "[::]";
  if (host.front() == '[' && host.back() == ']') {
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<uint16_t>(*port));
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) != 1) {
      return fail("not an IPv6 address: " + host);
    }
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(*port));
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) {
    return fail("not an IPv4 address (IPv6 goes in brackets): " + host);
  }
  return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Address::set_port(uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

size_t Address::write_ip(char* out) const {
  constexpr socklen_t room = 48;
  static_assert(room >= INET6_ADDRSTRLEN);
  if (family() == AF_INET) return write_v4(&storage_.v4.sin_addr, out);
  if (family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) {
    return write_v4(storage_.v6.sin6_addr.s6_addr + 12, out);
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, out, room);
  } else {
    std::memcpy(out, "unix:", 6);
  }
  return std::strlen(out);
}

std::string Address::ip() const {
  char out[48];
  size_t length = write_ip(out);
  return std::string(out, length);
}

std::string Address::text() const {
  if (family() == AF_UNIX) return std::string("unix:") + storage_.local.sun_path;
  if (empty()) return "-";
  std::string address = ip();
  bool bracket = address.find(':') != std::string::npos;
  return (bracket ? "[" + address + "]" : address) + ":" + std::to_string(port());
}

bool Address::operator==(const Address& other) const {
  return size_ == other.size_ && std::memcmp(&storage_, &other.storage_, size_) == 0;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  size_t slash = text.find('/');
  std::string host(text.substr(0, slash));
  bool v6 = host.find(':') != std::string::npos;
  auto address = Address::parse(v6 ? "[" + host + "]:0" : host + ":0");
  if (host.empty() || !address)
    return fail("not a network prefix such as 192.0.2.0/24 or 2001:db8::/32");
  Prefix prefix;
  as_v6(*address, prefix.bits_);
  uint64_t most = v6 ? 128 : 32;
  uint64_t length = most;
  if (slash != std::string_view::npos) {
    auto given = parse_decimal(text.substr(slash + 1));
    if (!given || *given > most) {
      return fail("the prefix length is not a number from 0 to " + std::to_string(most));
    }
    length = *given;
  }
  prefix.length_ = static_cast<int>(v6 ? length : length + 96);
  return prefix;
}

bool Prefix::contains(const Address& address) const {
  uint8_t other[16];
  if (!as_v6(address, other)) return false;
  int whole = length_ / 8;
  if (std::memcmp(bits_, other, static_cast<size_t>(whole)) != 0) return false;
  int rest = length_ % 8;
  if (rest == 0) return true;
  auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return ((bits_[whole] ^ other[whole]) & mask) == 0;
}

bool PrefixSet::contains(const Address& address) const {
  for (const Prefix& prefix : prefixes_) {
    if (prefix.contains(address)) return true;
  }
  return false;
}

}  // namespace ringwall::base
