// Where the config language reads from: the disk or a bundle.
//
// conf::load touches the world through this face only, so that the master (DiskFiles) and a worker
// (Bundle, conf/bundle.h) build exactly the same Config. DiskFiles keeps what it gave out; the
// record is the bundle that the workers get. Used by one thread; paths are as the config names
// them, relative ones already joined to the directory of the file that names them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.h"

namespace ringwall::conf {

struct Bundle;

/// One file of config text.
struct Source {
  std::string path;
  std::string text;
};

class Files {
 public:
  virtual ~Files() = default;
  /// The whole file; an error is one sentence without the path.
  virtual base::Result<std::string> read(const std::string& path) = 0;
  /// Files that match a pattern of glob(7), sorted; none is no error.
  virtual base::Result<std::vector<std::string>> glob(const std::string& pattern) = 0;
  /// Processors that this machine lets us use, at least 1; what `workers = "auto"` means.
  virtual unsigned cpu_count() = 0;
};

/// Reads the disk and remembers every answer.
class DiskFiles final : public Files {
 public:
  DiskFiles();
  ~DiskFiles() override;
  base::Result<std::string> read(const std::string& path) override;
  base::Result<std::vector<std::string>> glob(const std::string& pattern) override;
  unsigned cpu_count() override;

  /// All that was given out so far, as the bundle whose entry is `entry_path`.
  Bundle bundle(std::string_view entry_path) const;

 private:
  std::map<std::string, std::string> read_;
  std::map<std::string, std::vector<std::string>> globbed_;
  unsigned cpu_count_ = 0;
};

/// True if `path` holds a character that glob(7) gives a meaning.
bool is_pattern(std::string_view path);

}  // namespace ringwall::conf
