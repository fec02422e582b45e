// What the test origin has seen, and the gates that tests open: the answers below /_ctl/.
//
// One Ledger per process, used by all connection threads; one mutex. A request that names a gate
// ("gate=x") waits in it until /_ctl/open/x comes, so that a test holds an exchange at a known
// point instead of guessing at times.
//
//   /_ctl/count/PATH  /_ctl/log[/PATH]  /_ctl/stats  /_ctl/open/GATE  /_ctl/reset
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/support/origin_request.h"

namespace ringwall::support {

class Ledger {
 public:
  /// Notes a request's head; returns which request for its path it is, from 1.
  uint64_t begin(const Request& request, uint64_t connection);
  /// Notes the body of a request, once it was read.
  void note_body(const Request& request, uint64_t connection);

  void opened() { add(connections_, 1), add(open_, 1); }
  void closed() { add(open_, -1); }
  /// The peer went away before the answer was sent.
  void cut() { add(cut_, 1); }

  /// Waits until the gate is open. False when the peer `fd` hung up meanwhile.
  bool wait(const std::string& gate, int fd);

  /// The answer to a control path (what follows "/_ctl/").
  std::string control(std::string_view path);

 private:
  struct Seen {
    uint64_t connection;
    std::string path;
    std::string head;
    uint64_t body_size = 0;
    uint32_t body_crc = 0;
    bool body_whole = false;
    std::string trailers;
  };
  void add(uint64_t& counter, int64_t by);
  std::string stats();
  std::string log(const std::string& path);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::string, uint64_t> counts_;
  std::deque<Seen> seen_;
  std::set<std::string> open_gates_;
  std::map<std::string, uint64_t> waiting_;
  uint64_t connections_ = 0, open_ = 0, requests_ = 0, cut_ = 0;
};

/// `text` as a JSON string in quotes; bytes above 127 as if they were Latin-1.
std::string json_string(std::string_view text);

}  // namespace ringwall::support
