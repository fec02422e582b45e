// The segment as a file and as memory: makes the sealed memfd, reserves it in steps, maps it, and
// builds or finds the control area. The only door to Boost.Interprocess. Used by the master (make,
// reserve) and by every process that attaches; no state of its own.
#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <cstdint>

#include "cache/layout.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::cache {

/// A mapped segment whose prelude has been checked.
struct Mapping {
  boost::interprocess::mapped_region region;
  Superblock* super = nullptr;

  std::byte* base() const { return static_cast<std::byte*>(region.get_address()); }
};

/// Maps the segment in `fd`. Errors: not a segment, another layout, no memory.
base::Result<Mapping> map_segment(int fd);

/// Reserves the next `bytes` (rounded up to pages) of the arena in the memfd and gives them to the
/// arenas; whether the whole arena is active now. Call by one process at a time; harmless if not.
base::Result<bool> reserve_pages(int fd, const Mapping& mapping, uint64_t bytes);

}  // namespace ringwall::cache
