// UrlBatches: URLs of a file, one a line, in batches of a size that a message of the control
// protocol holds, however long the file is. A batch does not wait to be full: what comes through a
// pipe now and then is not kept back.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/control/protocol.h"

namespace ringwall::cli {

class UrlBatches {
 public:
  /// One call for so many URLs costs the daemon a few milliseconds, and few calls make 10,000 URLs.
  static constexpr size_t urls_max = 1000;
  /// JSON may need six bytes for one, and a message is at most control_message_bytes_max.
  static constexpr size_t bytes_max = base::control_message_bytes_max / 8;

  /// "-" is standard input.
  static base::Result<UrlBatches> open(const std::string& path);

  /// The next URLs; none: the file has ended. Empty lines and those that begin with "#" are left
  /// out. An error names what cannot be read, or the line that is too long for any URL.
  base::Result<std::vector<std::string>> next();

 private:
  UrlBatches(base::UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  base::Result<bool> read_more();
  bool would_wait() const;

  base::UniqueFd fd_;
  std::string name_;
  std::string text_;     // read and not given yet
  size_t searched_ = 0;  // no line's end before here
  uint64_t line_ = 0;
  bool ended_ = false;
};

}  // namespace ringwall::cli
