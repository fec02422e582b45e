// A name server for tests, on a UDP socket of the loopback: answers what it was told, when it is
// given the time to (`serve`). One thread.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/text.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::prober {

class DnsServer {
 public:
  enum class Mood { answer, name_error, failure, silent };
  struct Name {
    std::vector<std::string> v4;
    std::vector<std::string> v6;
    uint32_t lifetime_s = 300;
    Mood mood = Mood::answer;
    std::string alias_of;  // answered by a CNAME and the addresses of that name
    unsigned asked = 0;    // A and AAAA count as one
  };

  DnsServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
    socklen_t size = sizeof(any);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
  }

  const std::string& address() const { return address_; }
  /// Names that were never mentioned do not exist.
  Name& operator[](const std::string& name) { return names_[name]; }

  /// Answers what has come.
  void serve() {
    uint8_t query[512];
    sockaddr_in from = {};
    socklen_t size = sizeof(from);
    for (;;) {
      ssize_t n =
          ::recvfrom(fd_.get(), query, sizeof(query), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 17) return;
      std::string reply = answer(std::string(reinterpret_cast<char*>(query), n));
      if (reply.empty()) continue;
      ::sendto(fd_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

 private:
  static constexpr uint16_t type_a = 1;
  static constexpr uint16_t type_cname = 5;
  static constexpr uint16_t type_aaaa = 28;

  static std::string word(uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  static std::string encoded(const std::string& name) {
    std::string out;
    for (std::string_view label : base::split(name, '.')) {
      out += static_cast<char>(label.size());
      out += label;
    }
    return out + '\0';
  }
  static std::string record(const std::string& name, uint16_t type, uint32_t lifetime,
                            const std::string& data) {
    return encoded(name) + word(type) + word(1) + word(lifetime >> 16) +
           word(static_cast<uint16_t>(lifetime)) + word(static_cast<uint16_t>(data.size())) + data;
  }

  std::string answer(const std::string& query) {
    size_t at = 12;
    std::string name;
    while (at < query.size() && query[at] != 0) {
      auto length = static_cast<size_t>(query[at]);
      name += (name.empty() ? "" : ".") + base::to_lower(query.substr(at + 1, length));
      at += length + 1;
    }
    std::string question = query.substr(12, at + 5 - 12);
    uint16_t type = static_cast<uint8_t>(question[question.size() - 3]);
    bool known = names_.contains(name);
    Name none;
    none.mood = Mood::name_error;
    Name& entry = known ? names_[name] : none;
    if (type == type_a) ++entry.asked;
    if (entry.mood == Mood::silent) return "";
    uint16_t code = entry.mood == Mood::name_error ? 3 : entry.mood == Mood::failure ? 2 : 0;
    std::string records;
    uint16_t count = code == 0 ? append(records, name, entry, type) : 0;
    return query.substr(0, 2) + word(0x8180 | code) + word(1) + word(count) + word(0) + word(0) +
           question + records;
  }

  uint16_t append(std::string& records, const std::string& name, const Name& entry, uint16_t type) {
    if (!entry.alias_of.empty()) {
      records += record(name, type_cname, entry.lifetime_s, encoded(entry.alias_of));
      return 1 + append(records, entry.alias_of, names_[entry.alias_of], type);
    }
    const auto& texts = type == type_a ? entry.v4 : entry.v6;
    for (const std::string& text : texts) {
      char bytes[16];
      ::inet_pton(type == type_a ? AF_INET : AF_INET6, text.c_str(), bytes);
      records += record(name, type, entry.lifetime_s, std::string(bytes, type == type_a ? 4 : 16));
    }
    return static_cast<uint16_t>(texts.size());
  }

  base::UniqueFd fd_;
  std::string address_;
  std::map<std::string, Name> names_;
};

}  // namespace ringwall::prober
