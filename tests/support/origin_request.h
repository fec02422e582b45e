// A request as the test origin reads it: the raw head, and the options of its query.
//
// Reading is lenient on purpose: the origin shows what it was sent and judges nothing. Blocking
// calls, one connection a thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringwall::support {

struct Request {
  std::string head;  // raw, with the empty line
  std::string method;
  std::string target;
  std::string path;  // without query and, in absolute form, without scheme and host
  std::string version;
  std::vector<std::pair<std::string, std::string>> fields;
  std::multimap<std::string, std::string> options;  // of the query, percent-decoded
  uint64_t body_size = 0;
  uint32_t body_crc = 0;
  std::string trailers;  // raw lines behind the last chunk
  bool body_read = false;
  bool body_whole = false;

  /// The first field of that name, any case; empty: none.
  std::string_view field(std::string_view name) const;
  /// All fields of that name with ", " between.
  std::string values(std::string_view name) const;
  bool has(const std::string& option) const { return options.contains(option); }
  std::string option(const std::string& name, const std::string& otherwise = "") const;
  uint64_t number(const std::string& name, uint64_t otherwise = 0) const;
};

/// A connection's incoming bytes.
class Input {
 public:
  explicit Input(int fd) : fd_(fd) {}

  /// Waits for a whole head; false at the end of the connection.
  bool read_head(Request& request);
  /// Reads the body, by Content-Length or chunks, and notes its size and CRC-32. False when the
  /// connection ended before the body did.
  bool read_body(Request& request);
  /// Waits until the peer closes; what comes is thrown away.
  void read_to_end();
  bool buffered() const { return !buffer_.empty(); }

 private:
  bool more();
  bool take_line(std::string& line);
  bool take(Request& request, uint64_t n);
  int fd_;
  std::string buffer_;
};

}  // namespace ringwall::support
