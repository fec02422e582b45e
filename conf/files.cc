#include "conf/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "conf/bundle.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::conf {
namespace {

// A config of a thousand routes has 100 KiB; more than this is the wrong file.
constexpr size_t file_bytes_max = 16 * 1024 * 1024;

base::Result<std::string> read_all(const std::string& path) {
  // O_NONBLOCK: a FIFO in the place of a file must not hang the master.
  base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return base::fail(base::os_failure("cannot be opened", errno));
  struct stat status = {};
  if (fstat(fd.get(), &status) != 0) return base::fail(base::os_failure("no status", errno));
  if (!S_ISREG(status.st_mode)) return base::fail("is not a regular file");
  std::string text;
  char piece[16384];
  for (;;) {
    ssize_t n = ::read(fd.get(), piece, sizeof(piece));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::os_failure("cannot be read", errno));
    if (n == 0) return text;
    text.append(piece, static_cast<size_t>(n));
    if (text.size() > file_bytes_max) return base::fail("is larger than 16 MiB");
  }
}

/// For glob(3): a directory that is not there is no error (the pattern matches nothing), one that
/// may not be read is.
int stop_unless_absent(const char*, int error) {
  return error == ENOENT || error == ENOTDIR ? 0 : 1;
}

}  // namespace

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

DiskFiles::DiskFiles() = default;
DiskFiles::~DiskFiles() = default;

base::Result<std::string> DiskFiles::read(const std::string& path) {
  // Read once: what was checked is what the bundle holds, even if the file changes meanwhile.
  if (auto known = read_.find(path); known != read_.end()) return known->second;
  auto text = read_all(path);
  if (text) read_[path] = *text;
  return text;
}

base::Result<std::vector<std::string>> DiskFiles::glob(const std::string& pattern) {
  glob_t found = {};
  int code = ::glob(pattern.c_str(), 0, stop_unless_absent, &found);
  std::vector<std::string> paths;
  if (code == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) return base::fail("a directory in it cannot be read");
  std::sort(paths.begin(), paths.end());
  globbed_[pattern] = paths;
  return paths;
}

unsigned DiskFiles::cpu_count() {
  if (cpu_count_ != 0) return cpu_count_;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int count = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  cpu_count_ = static_cast<unsigned>(std::max(count, 1));
  return cpu_count_;
}

Bundle DiskFiles::bundle(std::string_view entry_path) const {
  Bundle bundle;
  bundle.entry = entry_path;
  bundle.files = read_;
  bundle.globbed = globbed_;
  bundle.cpus = std::max(cpu_count_, 1u);
  return bundle;
}

}  // namespace ringwall::conf
