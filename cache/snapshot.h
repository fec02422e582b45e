// Snapshot: the stored responses of a cache in a file, to be stored again in another cache, or the
// same: around a restart of the machine, or for a second one. Bytes: cache/snapshot_format.h.
//
// What was used last comes first. So a cache that is smaller gets what counts most, and a file that
// was cut off is still worth loading. Fills under way, markers and what was purged hard are left
// out; what was purged softly stays so. A response is in the file as it was at some time between
// beginning and end of the saving.
//
// Both calls block for as long as it takes: for a thread of its own, with a store of its own that
// has a slot (cache/keeper.h). They hold one pin and less than 1 MiB of buffers, and saving 16 bytes
// more for each stored response.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "cache/store.h"
#include "daemon/base/result.h"

namespace ringwall::cache {

/// Shared with whoever watches, from another thread.
struct SnapshotProgress {
  std::atomic<uint64_t> responses{0};  // done
  std::atomic<uint64_t> bytes{0};      // of their heads and contents
  std::atomic<bool> stop{false};       // set it to end early
};

struct Saved {
  uint64_t responses = 0;
  uint64_t bytes = 0;       // of their heads and contents
  uint64_t file_bytes = 0;
  uint64_t gone = 0;        // left the cache before their turn
};

/// Writes to `fd` from its present position on. An error says what failed, or that it was stopped;
/// what was written is of no use then.
base::Result<Saved> save_snapshot(Store& store, int fd, SnapshotProgress& progress);

struct Loaded {
  uint64_t responses = 0;
  uint64_t bytes = 0;
  uint64_t present = 0;   // left as they are: the cache has younger ones, or knows better
  uint64_t no_room = 0;   // there was none for them; nothing is evicted for a snapshot
  bool full = false;      // the rest of the file was not even tried for that reason
  std::string damage;     // empty: the file is whole, as far as it was read; else what is wrong
  uint64_t damaged_at = 0;  // bytes of the file that are sound
  bool stopped = false;
};

struct LoadOptions {
  bool soft = false;  // all counts as purged softly
  int64_t now_ms = 0;  // wall clock
};

/// Reads from `fd`, a regular file, from its present position on; responses before a damage are
/// loaded. The error: it is no snapshot, or none that this release reads; nothing was loaded.
base::Result<Loaded> load_snapshot(Store& store, int fd, const LoadOptions& options,
                                   SnapshotProgress& progress);

}  // namespace ringwall::cache
