// The error log: levels, one line an event, written to one descriptor.
//
// A line is one write(2) of at most `log_line_bytes_max` bytes, so that lines of several processes
// never mix. The descriptor is standard error until `set_log` says otherwise; workers inherit the
// master's. Not for the access log, which is buffered and never blocks (daemon/proxy/access_log.h).
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace ringwall::base {

enum class LogLevel : int { error = 0, warning = 1, notice = 2, info = 3, debug = 4 };

/// The level's word in the config and in a line.
std::string_view name_of(LogLevel level);
std::optional<LogLevel> log_level(std::string_view name);

/// Sets the least important level that is written, the descriptor (not owned) and the tag that
/// names the process in each line ("master", "worker 3").
void set_log(LogLevel level, int fd, std::string_view tag);
void set_log_level(LogLevel level);
bool log_wants(LogLevel level);
void write_log(LogLevel level, std::string_view text);

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_wants(level)) write_log(level, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::error, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::warning, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_notice(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::notice, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::debug, format, std::forward<Args>(args)...);
}

}  // namespace ringwall::base
