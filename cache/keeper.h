// Keeper: takes stored responses out of a cache one by one, the one used last first, and puts such
// responses back into a cache, another one as a rule; what a snapshot is made of (cache/snapshot.h).
//
// What is put back fills free room only and goes before all that the cache has used itself: it
// evicts nothing, takes the place of nothing, and stands last in its shard's order. In the order in
// which it was taken out it comes to stand as it stood.
//
// Of one thread, on a Store of its own that holds a slot and does nothing else. No call holds more
// than one lock, or one for longer than a lookup does.
#pragma once

#include <sys/uio.h>

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cache/store.h"

namespace ringwall::cache {

/// A stored response, pinned until it goes.
class Kept {
 public:
  Kept(Kept&& other) noexcept
      : process_(other.process_), entry_(std::exchange(other.entry_, nullptr)) {}
  Kept& operator=(Kept&&) = delete;
  ~Kept();

  std::string_view key() const;
  std::string_view selectors() const;
  std::string_view head() const;
  const Facts& facts() const;
  std::vector<uint64_t> tags() const;
  uint64_t content_length() const;
  /// As Hit::content.
  size_t content(uint64_t offset, uint64_t length, std::span<iovec> out) const;
  uint32_t hits() const;
  uint64_t idle_ms() const;   // since its last use
  bool again() const;         // used more than once
  bool purged_soft() const;

 private:
  friend class Keeper;
  Kept(Process* process, Entry* entry) : process_(process), entry_(entry) {}
  Process* process_;
  Entry* entry_;
};

class Keeper {
 public:
  /// Requires: the store has a slot, and no fill or hit; both outlive it.
  explicit Keeper(Store& store);

  /// Where a stored response was when places() was called.
  struct Place {
    uint64_t stamp = 0;
    uint32_t hash = 0;
    uint32_t ref = 0;
  };
  /// Of all that is stored, the one used last first. 16 bytes each; what is stored or used meanwhile
  /// may be there or not.
  std::vector<Place> places();

  enum class Missing : uint8_t { gone, busy };
  /// What is stored there. `gone`: it was evicted, purged hard or replaced; `busy`: a lock was held
  /// for too long, try again.
  std::variant<Kept, Missing> take(const Place& place);

  /// What is known of a response before it is put back.
  struct Former {
    std::string_view key;
    std::string_view selectors;
    uint64_t idle_ms = 0;
    uint32_t hits = 0;
    bool again = false;
    bool purged_soft = false;
  };
  enum class Refused : uint8_t {
    present,  // the cache has one for these requests, or knows that the key is uncacheable
    room,     // there is none without evicting
    busy,     // a lock was held for too long, try again
  };
  /// A permit to put it back. Its begin_head fails where there is no room, and storable() is false
  /// after finish() where another was stored for these requests meanwhile.
  std::variant<Fill, Refused> put_back(const Former& former, base::WallSeconds now);

  /// Pages of the segment that are still to be reserved: so much more room there will be.
  uint32_t pages_to_come() const;

 private:
  Store& store_;
  Process& process_;
  uint64_t begun_ns_;
};

}  // namespace ringwall::cache
