// PidFile: the file that names the master's process, replaced in one step so that nobody reads half
// of it, and removed at the end by the process it names.
#pragma once

#include <string>

#include "daemon/base/result.h"

namespace ringwall::master {

class PidFile {
 public:
  PidFile() = default;
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  /// Removes the file if it still names this process.
  ~PidFile();

  /// Writes this process's id. An empty path: no file.
  base::Status write(const std::string& path);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace ringwall::master
