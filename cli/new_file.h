// NewFile: a file that is there whole or not at all. It is written without a name where the file
// system can do that, else under one of its own beside the final one, and gets its name when all of
// it is on the disk; whatever had that name before is replaced. Mode 0600.
#pragma once

#include <string>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::cli {

class NewFile {
 public:
  /// The error names what stands against it: the directory, or what has the name.
  static base::Result<NewFile> make(const std::string& path);
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();  // without publish(): nothing is left

  int fd() const { return fd_.get(); }
  /// Writes it out to the disk and gives it its name.
  base::Status publish();

 private:
  NewFile(std::string path, base::UniqueFd fd, std::string temporary)
      : path_(std::move(path)), fd_(std::move(fd)), temporary_(std::move(temporary)) {}
  base::Status name_it();

  std::string path_;
  base::UniqueFd fd_;
  std::string temporary_;  // its name now; empty: none
};

}  // namespace ringwall::cli
