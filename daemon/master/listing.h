// Listing and Ranking: what a walk of the whole cache keeps for an operator: the first that match,
// or the best of all. Bounded in rows and bytes, whatever the cache holds. Fed under a shard's lock:
// they only compute. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"
#include "daemon/base/limits.h"
#include "daemon/base/time.h"
#include "daemon/control/reports_list.h"

namespace ringwall::master {

/// Of the text of all rows together: half of what a message holds, for JSON's quotes and names.
constexpr size_t listed_bytes_max = base::control_message_bytes_max / 2;

class Listing {
 public:
  /// Of responses whose key begins with one of `prefixes`; none: of all.
  Listing(std::vector<std::string> prefixes, size_t limit, base::WallSeconds now)
      : prefixes_(std::move(prefixes)), limit_(limit), now_(now) {}

  /// False: there is no room for more.
  bool take(const cache::Store::Listed& entry);
  /// Sorted by URL.
  control::StoredListReport take_report();

 private:
  bool matches(std::string_view key) const;

  std::vector<std::string> prefixes_;
  size_t limit_;
  base::WallSeconds now_;
  size_t bytes_ = 0;
  control::StoredListReport report_;
};

class Ranking {
 public:
  enum class By : uint8_t {
    hits,
    bytes,
    origin_time,  // hits times what a fetch took: what the cache has spared the origin
  };
  /// "hits", "bytes", "origin-time".
  static std::optional<By> by_name(std::string_view name);

  Ranking(By by, size_t limit, base::WallSeconds now) : by_(by), limit_(limit), now_(now) {}

  /// True: it looks at all.
  bool take(const cache::Store::Listed& entry);
  /// The best first.
  control::StoredListReport take_report();

 private:
  uint64_t score(const cache::Store::Listed& entry) const;

  struct Row {
    uint64_t score;
    control::StoredReport report;
    /// For a heap with the worst on top.
    bool operator<(const Row& other) const { return score > other.score; }
  };
  By by_;
  size_t limit_;
  base::WallSeconds now_;
  uint64_t walked_ = 0;
  std::vector<Row> rows_;  // a heap
};

}  // namespace ringwall::master
