// Snapshot: one generation of the config as the rooms use it. Immutable; exchanges hold it to their
// end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conf/model.h"
#include "daemon/route/router.h"
#include "daemon/upstream/upstream.h"

namespace ringwall::proxy {

constexpr uint32_t no_listener = UINT32_MAX;

struct Snapshot {
  conf::Config config;
  route::Router router;
  std::shared_ptr<const upstream::Set> upstreams;
  std::vector<uint32_t> route_places;  // in the stats segment, by route
  std::string via_line;  // "Via: 1.1 ringwall\r\n"
  /// By the id that a connection carries, the listener's place in `config`; no_listener when this
  /// generation has it no more (its connections go on).
  std::vector<uint32_t> listener_index;

  uint32_t listener_of(uint32_t id) const {
    return id < listener_index.size() ? listener_index[id] : no_listener;
  }
};

}  // namespace ringwall::proxy
