// Connector: opens one connection to a backend through the ring.
#pragma once

#include <cstdint>
#include <span>

#include "daemon/base/address.h"
#include "daemon/base/time.h"
#include "daemon/base/unique_fd.h"
#include "daemon/io/op.h"
#include "daemon/io/task.h"

namespace ringwall::upstream {

struct Connected {
  base::UniqueFd fd;  // empty: failed
  base::Address address;
  int os_error = 0;  // of the last address tried; ETIMEDOUT: our own deadline
  /// The failure is this machine's (descriptors, ports, memory), not the backend's.
  bool local() const;
};

/// Tries the addresses in turn from `first` on (modulo their number), all within `timeout`: each
/// gets an equal share of what is left, so that a silent one leaves time for the others. The
/// addresses are copied; more than addresses_max of them are not tried. Ends early by `stop`.
/// Requires: at least one address.
io::Task<Connected> connect(io::Loop& loop, std::span<const base::Address> addresses,
                            uint32_t first, base::Duration timeout, io::Stop* stop);

}  // namespace ringwall::upstream
