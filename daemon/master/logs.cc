#include "daemon/master/logs.h"

#include <fcntl.h>

#include <cerrno>

namespace ringwall::master {
namespace {

base::Result<base::UniqueFd> open_log(const char* which, const std::string& path) {
  // O_NONBLOCK only while it opens: a pipe that nobody reads must not hang the master.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  base::UniqueFd fd(::open(path.c_str(), flags, 0640));
  if (!fd) return base::fail(base::os_failure(std::string(which) + " " + path, errno));
  fcntl(fd.get(), F_SETFL, O_APPEND);
  return fd;
}

}  // namespace

base::Result<Logs> Logs::open(const conf::Log& settings) {
  Logs logs;
  if (!settings.error_file.empty() && settings.error_file != "stderr") {
    auto file = open_log("error log", settings.error_file);
    if (!file) return base::fail(std::move(file.error()));
    logs.error_file_ = std::move(*file);
  }
  if (settings.access_file == "stdout") {
    logs.to_stdout_ = true;
  } else if (!settings.access_file.empty()) {
    auto file = open_log("access log", settings.access_file);
    if (!file) return base::fail(std::move(file.error()));
    logs.access_file_ = std::move(*file);
  }
  return logs;
}

}  // namespace ringwall::master
