// The segment as a file and as memory: makes the sealed memfd, reserves parts of it, maps it, and
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

/// Memory behind [from, from + bytes) of the memfd, so that no store there can ever fail; harmless
/// where there is some.
base::Status reserve_bytes(int fd, uint64_t from, uint64_t bytes);

/// Gives that memory back to the system; what was there reads as zeroes, and must not be read: that
/// would take memory again.
base::Status release_bytes(int fd, uint64_t from, uint64_t bytes);

}  // namespace ringwall::cache
