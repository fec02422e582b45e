// Fill: a response on its way into the segment, from where the client that asked and all who follow
// are served alike. What is left of it when the client has been served, or has gone, goes on in the
// background.
#pragma once

#include <memory>

#include "cache/store.h"
#include "daemon/proxy/fetch.h"

namespace ringwall::proxy {

/// A fill on its way, shared by the leader and the task that reads the content. When the segment
/// has no room for the rest, the reader hands the source over and the leader goes on without it.
struct FillJob {
  std::unique_ptr<Source> source;
  bool leader_waits = true;
  bool keep = true;             // it is stored at its end
  bool leader_gone = false;     // its client left before the end
  unsigned finish_percent = 0;  // see conf::RouteCache
};

/// How a fill began.
enum class FillBegin : uint8_t { going, broken, no_memory };

/// Stores the content of `source`, whose head is in the fill already: what has come is copied now,
/// the rest in the background. `broken`: the content was malformed from the start.
FillBegin begin_content(Exchange& exchange, std::shared_ptr<FillJob> job, cache::Fill fill,
                        uint64_t object_bytes_max);

/// How long a key is remembered whose response turned out too large only when it was shared already:
/// the next to share it might be cut.
constexpr uint32_t remember_too_large_s = 120;

/// For a while the requests of a key are not collapsed.
void remember_uncacheable(Facilities& facilities, std::string_view key, uint32_t seconds);

}  // namespace ringwall::proxy
