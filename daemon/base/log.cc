#include "daemon/base/log.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "daemon/base/assert.h"
#include "daemon/base/limits.h"
#include "daemon/base/result.h"
#include "daemon/base/time.h"

namespace ringwall::base {
namespace {

// One log a process: the settings are set by main and by a reload, read by everybody.
LogLevel least = LogLevel::notice;
int log_fd = STDERR_FILENO;
std::string log_tag = "ringwall";

constexpr std::array<std::string_view, 5> names = {"error", "warning", "notice", "info", "debug"};

}  // namespace

std::string_view name_of(LogLevel level) {
  return names[static_cast<size_t>(level)];
}

std::optional<LogLevel> log_level(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void set_log(LogLevel level, int fd, std::string_view tag) {
  least = level;
  log_fd = fd;
  log_tag = tag;
}

void set_log_level(LogLevel level) {
  least = level;
}

bool log_wants(LogLevel level) {
  return level <= least;
}

void write_log(LogLevel level, std::string_view text) {
  int64_t now = wall_now_ns();
  time_t seconds = now / 1'000'000'000;
  tm utc = {};
  gmtime_r(&seconds, &utc);
  char stamp[32];
  strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
  std::string line = fmt::format("{}.{:03}Z {} {}[{}]: {}", stamp, now / 1'000'000 % 1000,
                                 name_of(level), log_tag, getpid(), text);
  if (line.size() >= log_line_bytes_max) line.resize(log_line_bytes_max - 1);
  line += '\n';
  // A log that cannot be written must not stop the proxy; there is nowhere left to say so.
  [[maybe_unused]] ssize_t written = ::write(log_fd, line.data(), line.size());
}

void assert_failed(const char* condition, const char* file, int line) {
  log_error("assertion failed: {} at {}:{}", condition, file, line);
  std::abort();
}

Error os_failure(std::string_view what, int os_error) {
  return Error(fmt::format("{}: {}", what, std::strerror(os_error)));
}

Instant monotonic_now() {
  timespec t = {};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {t.tv_sec * 1'000'000'000 + t.tv_nsec};
}

int64_t wall_now_ns() {
  timespec t = {};
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace ringwall::base
