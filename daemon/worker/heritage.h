// Heritage: all that a child process gets from the master that starts it, in one struct.
//
// A child is the same binary, executed anew: it shares nothing with the master but the descriptors
// named here, which have the same numbers in both. The struct travels in a sealed memfd whose
// number stands in the environment (RINGWALL_HERITAGE). A worker, the prober and the checker use the
// first part; a new master at an upgrade gets the second part too and takes over what it names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/address.h"
#include "daemon/base/limits.h"
#include "daemon/base/log.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"
#include "daemon/worker/privileges.h"

namespace ringwall::worker {

// Goes up whenever a member below changes; a binary refuses what another release has written.
constexpr uint64_t heritage_version = 2;
constexpr const char* heritage_variable = "RINGWALL_HERITAGE";

enum class Kind : uint64_t { worker = 1, prober = 2, master = 3, checker = 4 };

/// A listening socket, and what tells it from others: the id stays through all reloads.
struct InheritedListener {
  uint64_t id = 0;
  int fd = -1;
  base::Address address;  // as configured, so with port 0 where that was asked for
  bool ipv6_only = false;
};

struct Heritage {
  Kind kind = Kind::worker;
  uint64_t generation = 0;  // of the config in `bundle`
  unsigned slot = 0;        // of the stats segment and the cache segment; workers
  int bundle = -1;          // conf::read_bundle
  int link = -1;            // control::Link to the master (or the old master)
  int cache = -1;           // cache::Store::attach; -1: no cache
  int stats = -1;           // stats::Segment::attach
  int resolved = -1;        // upstream::ResolvedTable::attach
  int access_log = -1;      // -1: none
  int error_log = -1;
  base::LogLevel level = base::LogLevel::notice;
  bool provisional = false;  // the master may still fail to take over: then the child ends too
  std::optional<Identity> identity;          // what the child becomes before it does anything else
  std::vector<InheritedListener> listeners;  // in the config's order
  std::array<int, base::slots_max> doorbells = {};  // eventfds, by slot

  // For a new master: what it takes over.
  struct Takeover {
    int control = -1;  // the listening control socket; -1: none
    std::string control_path;
    uint64_t next_listener_id = 1;
    uint64_t cache_layout = 0;  // cache::layout_version() of the segment
    uint64_t cache_size_max = 0;  // for which it was made
    bool literal_lru = false;
    bool huge_pages = false;
    uint64_t stats_layout = 0;
    std::vector<uint64_t> slots;  // in use by the old master: not to be used until handed over
  };
  std::optional<Takeover> takeover;

  /// Every descriptor above that is there.
  std::vector<int> descriptors() const;
};

/// The struct as bytes in a sealed memfd (close-on-exec).
base::Result<base::UniqueFd> write_heritage(const Heritage& heritage);
/// Reads it from `fd`, which stays the caller's, and makes every descriptor close-on-exec again.
base::Result<Heritage> read_heritage(int fd);
/// Reads the one that the environment names, and takes it out of there; nothing if it names none.
base::Result<std::optional<Heritage>> inherit();

}  // namespace ringwall::worker
