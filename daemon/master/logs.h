// Logs: the error log and the access log as open files. The master opens them, as whoever it is,
// and hands the descriptors down; children open nothing.
#pragma once

#include <string>

#include "conf/model.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::master {

class Logs {
 public:
  /// Opens what `settings` name; the old files stay as they are until replaced by assignment.
  static base::Result<Logs> open(const conf::Log& settings);

  int error_fd() const { return error_file_ ? error_file_.get() : 2; }
  /// -1: no access log.
  int access_fd() const { return to_stdout_ ? 1 : access_file_.get(); }

 private:
  base::UniqueFd error_file_;
  base::UniqueFd access_file_;
  bool to_stdout_ = false;
};

}  // namespace ringwall::master
