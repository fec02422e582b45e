#include "cli/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace ringwall::cli {
namespace {

constexpr int link_tries_max = 100;

std::string directory_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool lacks_nameless_files(int error) {
  // EISDIR: a kernel or file system to which O_TMPFILE is only O_DIRECTORY.
  return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL;
}

}  // namespace

base::Result<NewFile> NewFile::make(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return base::fail(fmt::format("{} is there and is no regular file", path));
  }
  if (path.empty() || path.ends_with('/')) return base::fail(fmt::format("\"{}\" is no file", path));
  std::string directory = directory_of(path);
  base::UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return NewFile(path, std::move(fd), {});
  if (!lacks_nameless_files(errno)) return base::fail(base::os_failure(directory, errno));
  std::string temporary = path + ".XXXXXX";
  fd.reset(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return base::fail(base::os_failure(directory, errno));
  return NewFile(path, std::move(fd), std::move(temporary));
}

NewFile::~NewFile() {
  if (fd_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

/// A link cannot replace a file, a rename can.
base::Status NewFile::name_it() {
  std::string own = fmt::format("/proc/self/fd/{}", fd_.get());
  for (int n = 0; n < link_tries_max; ++n) {
    std::string name = fmt::format("{}.{}.{}", path_, ::getpid(), n);
    if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      return {};
    }
    if (errno != EEXIST) return base::fail(base::os_failure(name, errno));
  }
  return base::fail(base::os_failure(path_, EEXIST));
}

base::Status NewFile::publish() {
  if (::fsync(fd_.get()) != 0) return base::fail(base::os_failure(path_, errno));
  if (temporary_.empty()) {
    if (auto named = name_it(); !named) return named;
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return base::fail(base::os_failure(path_, errno));
  }
  temporary_.clear();
  // The name is on the disk when its directory is.
  base::UniqueFd directory(
      ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) {
    return base::fail(base::os_failure(directory_of(path_), errno));
  }
  return {};
}

}  // namespace ringwall::cli
