// Manifest: what is known of a representation that is stored in slices, and how it and its slices
// are fetched. See proxy/slices.h.
#pragma once

#include <optional>
#include <string>

#include "cache/store.h"
#include "daemon/proxy/exchange.h"
#include "daemon/proxy/question.h"
#include "daemon/proxy/respond.h"

namespace ringwall::proxy {

struct Manifest {
  std::string base_key;
  std::string lines;  // of the whole's head
  std::string etag;   // strong
  cache::Facts facts;
  uint64_t length = 0;
  uint64_t slice = 0;
  bool fetched = false;  // the origin was asked for it just now
  std::string name;   // of this version: random

  std::string slice_key(uint64_t index) const;
};

/// The stored manifest, fresh or validated, or one made from the origin's answer to the first slice
/// that is wanted. `other`: it can not be sliced; `unshared`: nor stored at all.
io::Task<FollowEnd> find_manifest(Exchange& exchange, const caching::Plan& plan,
                                  std::string_view key, Manifest& manifest);

/// How long the representation is whose manifest is stored and fresh.
std::optional<uint64_t> sliced_length(const Exchange& exchange, const caching::Plan& plan,
                                      std::string_view key);

/// Fetches one slice into the segment. Nothing: the origin failed, or has another version.
io::Task<std::optional<cache::Follow>> fetch_slice(Exchange& exchange,
                                                   const Manifest& manifest, uint64_t index,
                                                   cache::Fill fill);

}  // namespace ringwall::proxy
