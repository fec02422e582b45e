// What a load run counted: each request ends in exactly one of these numbers.
//
// `reset` is a kept connection that went away between a request and the first byte of its answer
// (RFC 9112 section 9.3.1 lets a client try again); `lost` is the same on a connection that had
// carried nothing yet. `aborted` were given up by this client on purpose.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace ringwall::support {

struct Tally {
  uint64_t ok = 0, connect = 0, reset = 0, lost = 0, broken = 0, status = 0, mismatch = 0;
  uint64_t timeout = 0, aborted = 0, hits = 0, bytes = 0, connections = 0;
  std::map<unsigned, uint64_t> statuses;
  std::vector<uint32_t> latencies_us;
  std::vector<std::string> examples;  // of what went wrong, the first few
  uint64_t last_ok_us = 0, gap_us = 0;

  void note(const std::string& path, const std::string& what) {
    if (examples.size() < 8) examples.push_back(path + ": " + what);
  }
  void note_ok(uint64_t began_us, uint64_t now_us) {
    ++ok;
    latencies_us.push_back(static_cast<uint32_t>(now_us - began_us));
    if (last_ok_us != 0) gap_us = std::max(gap_us, now_us - last_ok_us);
    last_ok_us = now_us;
  }
  uint64_t failed() const { return connect + reset + lost + broken + status + mismatch + timeout; }
  double percentile_ms(double part) {
    if (latencies_us.empty()) return 0;
    std::sort(latencies_us.begin(), latencies_us.end());
    return latencies_us[static_cast<size_t>(part * static_cast<double>(latencies_us.size() - 1))] /
           1000.0;
  }
  void print(double seconds);
};

}  // namespace ringwall::support
