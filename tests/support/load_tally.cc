#include "tests/support/load_tally.h"

namespace ringwall::support {

void Tally::print(double seconds) {
  std::printf(
      "{\"ok\": %lu, \"failed\": %lu, \"connect\": %lu, \"reset\": %lu, \"lost\": %lu, "
      "\"broken\": %lu, \"status\": %lu, \"mismatch\": %lu, \"timeout\": %lu, "
      "\"aborted\": %lu, \"hits\": %lu, \"bytes\": %lu, \"connections\": %lu, "
      "\"seconds\": %.3f, \"gap_ms\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"max_ms\": %.3f, \"statuses\": {",
      ok, failed(), connect, reset, lost, broken, status, mismatch, timeout, aborted, hits, bytes,
      connections, seconds, static_cast<double>(gap_us) / 1000, percentile_ms(0.5),
      percentile_ms(0.99), percentile_ms(1));
  const char* comma = "";
  for (const auto& [code, n] : statuses) {
    std::printf("%s\"%u\": %lu", comma, code, n);
    comma = ", ";
  }
  std::printf("}, \"examples\": [");
  comma = "";
  for (const std::string& example : examples) {
    std::string safe;
    for (const char c : example) safe += (c < 32 || c > 126 || c == '"' || c == '\\') ? '?' : c;
    std::printf("%s\"%s\"", comma, safe.c_str());
    comma = ", ";
  }
  std::printf("]}\n");
}

}  // namespace ringwall::support
