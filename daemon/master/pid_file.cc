#include "daemon/master/pid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "daemon/base/unique_fd.h"

namespace ringwall::master {
namespace {

std::string read_text(const std::string& path) {
  base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 32> text;
  ssize_t n = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  return n > 0 ? std::string(text.data(), static_cast<size_t>(n)) : std::string();
}

}  // namespace

PidFile::~PidFile() {
  // After an upgrade it names the new master, whose it is then.
  if (!path_.empty() && read_text(path_) == fmt::format("{}\n", getpid())) unlink(path_.c_str());
}

base::Status PidFile::write(const std::string& path) {
  if (path.empty()) return {};
  std::string beside = fmt::format("{}.{}", path, getpid());
  base::UniqueFd fd(
      open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  std::string text = fmt::format("{}\n", getpid());
  bool written =
      fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || rename(beside.c_str(), path.c_str()) != 0) {
    int error = errno;
    unlink(beside.c_str());
    return base::fail(base::os_failure("pid file " + path, error));
  }
  path_ = path;
  return {};
}

}  // namespace ringwall::master
