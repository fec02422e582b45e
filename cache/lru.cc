#include "cache/lru.h"

#include <algorithm>
#include <boost/intrusive/circular_list_algorithms.hpp>
#include <utility>

#include "cache/pin.h"
#include "cache/process.h"

namespace ringwall::cache {
namespace {

constexpr unsigned pinned_moves_max = 2;  // per list
constexpr uint32_t all_shards_max = 64;
constexpr uint32_t sample_shards = 16;

/// A node as Boost's list algorithms see it: every store goes through the section's undo log, which
/// makes them safe against the death of the process at any point.
struct NodeTraits {
  using node = Node;
  struct node_ptr {
    Section* section = nullptr;
    Ref ref = 0;
    Node& operator*() const {
      return *reinterpret_cast<Node*>(section->base() + uint64_t{ref} * unit_bytes);
    }
  };
  using const_node_ptr = node_ptr;
  static node_ptr get_next(node_ptr n) { return {n.section, (*n).next}; }
  static void set_next(node_ptr n, node_ptr to) { n.section->set((*n).next, to.ref); }
  static node_ptr get_previous(node_ptr n) { return {n.section, (*n).previous}; }
  static void set_previous(node_ptr n, node_ptr to) { n.section->set((*n).previous, to.ref); }
};
using ListAlgorithms = boost::intrusive::circular_list_algorithms<NodeTraits>;

List& list_of(Shard& shard, ListName name) {
  if (name == ListName::probation) return shard.probation;
  if (name == ListName::protected_) return shard.protected_;
  RW_ASSERT(name == ListName::limbo);
  return shard.limbo;
}

void move_to_front(Process& process, Section& section, List& list, Entry& entry) {
  const NodeTraits::node_ptr node{&section, process.ref(&entry)};
  ListAlgorithms::unlink(node);
  ListAlgorithms::link_after({&section, process.ref(&list)}, node);
}

Entry* last_of(const Process& process, const List& list) {
  return list.count == 0 ? nullptr : &process.entry(list.node.previous);
}

bool aged(const Process& process, const List& list, const Entry& entry, uint64_t stamp) {
  if (list.count < exact_list_max) return true;
  const uint64_t oldest = last_of(process, list)->stamp;
  if (stamp <= entry.stamp || stamp <= oldest) return false;
  return (stamp - entry.stamp) * 10 > stamp - oldest;
}

bool over(const Shard& shard) {
  return is_over(shard.boundary.share, shard.protected_.units, shard.probation.units);
}

}  // namespace

void link_list(Process& process, Section& section, Shard& shard, Entry& entry, ListName name) {
  List& list = list_of(shard, name);
  ListAlgorithms::link_after({&section, process.ref(&list)}, {&section, process.ref(&entry)});
  section.set(entry.list, name);
  section.add(list.count, 1);
  section.add(list.units, entry.charged_units);
}

void append_list(Process& process, Section& section, Shard& shard, Entry& entry, bool again) {
  const bool room = shard.protected_.units + entry.charged_units <= shard.probation.units;
  const bool higher = again && room && process.super().literal_lru == 0;
  const ListName name = higher ? ListName::protected_ : ListName::probation;
  List& list = list_of(shard, name);
  const Entry* last = last_of(process, list);
  if (last != nullptr) entry.stamp = std::min(entry.stamp, last->stamp);
  ListAlgorithms::link_before({&section, process.ref(&list)}, {&section, process.ref(&entry)});
  section.set(entry.list, name);
  section.add(list.count, 1);
  section.add(list.units, entry.charged_units);
}

void unlink_list(Process& process, Section& section, Shard& shard, Entry& entry) {
  List& list = list_of(shard, entry.list);
  ListAlgorithms::unlink({&section, process.ref(&entry)});
  section.set(entry.list, ListName::none);
  section.set(list.count, list.count - 1);
  section.set(list.units, list.units - entry.charged_units);
}

bool touch(Process& process, Section& section, Shard& shard, Entry& entry, uint64_t stamp) {
  List& list = list_of(shard, entry.list);
  const Ref ref = process.ref(&entry);
  bool victim_changes = list.node.previous == ref;
  if (entry.list == ListName::probation && process.super().literal_lru == 0) {
    const bool was_over = over(shard);
    unlink_list(process, section, shard, entry);
    link_list(process, section, shard, entry, ListName::protected_);
    victim_changes = victim_changes || over(shard) != was_over;
  } else {
    if (!aged(process, list, entry, stamp)) return false;
    if (list.node.next != ref) move_to_front(process, section, list, entry);
  }
  entry.stamp = stamp;
  return victim_changes;
}

Entry* choose_victim(Process& process, Section& section, Shard& shard) {
  List* lists[] = {&shard.probation, &shard.protected_};
  if (over(shard)) std::swap(lists[0], lists[1]);
  for (List* list : lists) {
    for (unsigned n = 0; n < pinned_moves_max; ++n) {
      Entry* last = last_of(process, *list);
      if (last == nullptr) break;
      if (!is_pinned(process.super(), *last)) return last;
      move_to_front(process, section, *list, *last);
      last->stamp = process.exact_stamp();
    }
  }
  return nullptr;
}

void refresh_tail(Process& process, Shard& shard, uint32_t index) {
  const Entry* last = last_of(process, over(shard) ? shard.protected_ : shard.probation);
  if (last == nullptr) last = last_of(process, shard.protected_);
  const uint64_t stamp = last == nullptr ? no_tail : last->stamp;
  std::atomic<uint64_t>& tail = process.tail(index);
  if (tail.load(std::memory_order_relaxed) != stamp) tail.store(stamp, std::memory_order_relaxed);
}

Shard* oldest_shard(Process& process) {
  const uint32_t shards = process.super().shard_count;
  uint32_t from = 0;
  uint32_t count = shards;
  if (shards > all_shards_max) {
    from = process.next_shard / sample_shards * sample_shards % shards;
    count = sample_shards;
    process.next_shard = from + sample_shards;
  }
  uint64_t oldest = no_tail;
  Shard* found = nullptr;
  for (uint32_t i = from; i < from + count; ++i) {
    const uint64_t stamp = process.tail(i).load(std::memory_order_relaxed);
    if (stamp >= oldest) continue;
    oldest = stamp;
    found = &process.shard(i);
  }
  return found;
}

}  // namespace ringwall::cache
