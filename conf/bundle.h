// The bundle: everything that loading one config has read, as one value and as one sealed memfd.
//
// The master makes it (DiskFiles::bundle), writes it once and hands the descriptor to each child;
// the child reads it and calls conf::load(bundle.entry, bundle), which opens no file. A sealed
// bundle can not change any more, whoever holds it. Layout of the memfd: magic, then counted,
// length-prefixed strings; both sides are the same release or refuse each other by the magic.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "conf/files.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::conf {

struct Bundle final : public Files {
  std::string entry;                                        // path of the first file
  std::map<std::string, std::string> files;                 // path → bytes
  std::map<std::string, std::vector<std::string>> globbed;  // pattern → paths
  unsigned cpus = 1;

  base::Result<std::string> read(const std::string& path) override;
  base::Result<std::vector<std::string>> glob(const std::string& pattern) override;
  unsigned cpu_count() override { return cpus; }
};

/// A memfd (close-on-exec) with the bundle, sealed against any change. Its offset is of no meaning.
base::Result<base::UniqueFd> write_bundle(const Bundle& bundle);

/// The bundle in `fd`, which stays open and the caller's. Refuses an unsealed or damaged one.
base::Result<Bundle> read_bundle(int fd);

}  // namespace ringwall::conf
