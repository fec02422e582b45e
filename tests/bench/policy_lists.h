// Lists: several doubly linked lists over the objects of a trace, of which an object is in at most
// one; each knows its objects and bytes. Links are arrays, the lists' sentinels behind the objects.
// Front is young, back is old.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/policy.h"

namespace ringwall::bench {

class Lists {
 public:
  static constexpr uint16_t nowhere = 0xffff;
  static constexpr uint32_t none = ~uint32_t{0};

  Lists(const Trace& trace, unsigned lists)
      : sizes_(trace.sizes),
        objects_(static_cast<uint32_t>(trace.objects())),
        links_(trace.objects() + lists),
        where_(trace.objects(), nowhere),
        sums_(lists) {
    for (uint32_t i = objects_; i < links_.size(); ++i) links_[i] = {i, i};
  }

  void push_front(unsigned list, uint32_t object) { link(list, object, objects_ + list); }
  void push_back(unsigned list, uint32_t object) {
    link(list, object, links_[objects_ + list].younger);
  }
  void remove(uint32_t object) {
    const Link at = links_[object];
    links_[at.younger].older = at.older;
    links_[at.older].younger = at.younger;
    Sum& sum = sums_[where_[object]];
    --sum.count;
    sum.bytes -= sizes_[object];
    where_[object] = nowhere;
  }
  void move_to_front(unsigned list, uint32_t object) {
    remove(object);
    push_front(list, object);
  }

  unsigned where(uint32_t object) const { return where_[object]; }
  uint32_t front(unsigned list) const { return object_or_none(links_[objects_ + list].older); }
  uint32_t back(unsigned list) const { return object_or_none(links_[objects_ + list].younger); }
  /// The neighbour towards the front; none at the front.
  uint32_t younger(uint32_t object) const { return object_or_none(links_[object].younger); }
  uint64_t bytes(unsigned list) const { return sums_[list].bytes; }
  uint64_t count(unsigned list) const { return sums_[list].count; }
  uint32_t size(uint32_t object) const { return sizes_[object]; }

 private:
  struct Link {
    uint32_t younger = none;
    uint32_t older = none;
  };
  struct Sum {
    uint64_t bytes = 0;
    uint64_t count = 0;
  };

  uint32_t object_or_none(uint32_t node) const { return node < objects_ ? node : none; }
  void link(unsigned list, uint32_t object, uint32_t behind) {
    const uint32_t older = links_[behind].older;
    links_[object] = {behind, older};
    links_[behind].older = object;
    links_[older].younger = object;
    ++sums_[list].count;
    sums_[list].bytes += sizes_[object];
    where_[object] = static_cast<uint16_t>(list);
  }

  const std::vector<uint32_t>& sizes_;
  uint32_t objects_;
  std::vector<Link> links_;
  std::vector<uint16_t> where_;
  std::vector<Sum> sums_;
};

}  // namespace ringwall::bench
