// Store::verify: walks shards, arenas, tickets and slots, one lock at a time, and compares them
// with the invariants of cache/layout.h. Who owns which unit is judged only when nothing in the
// segment has changed during the walk (the locks' generations tell); everything else always.
#include <bit>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/findings.h"
#include "cache/index.h"
#include "cache/object.h"
#include "cache/process.h"
#include "cache/purges.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

constexpr unsigned attempts_max = 4;

struct ShardSums {
  uint64_t objects = 0, content_bytes = 0, filling = 0, markers = 0;
};

class Verifier : Findings {
 public:
  explicit Verifier(Process& process) : Findings(process) {}

  std::vector<std::string> run() {
    const uint64_t before = generations();
    for (uint32_t i = 0; i < process.super().shard_count; ++i) check_shard(i);
    check_slots();
    check_purges(*this);
    check_arenas(*this);
    // What lies in pages that are new seems to lie nowhere.
    if (outgrown()) breaches = {"the cache has grown during the look"};
    conclusive_ = generations() == before && !outgrown();
    if (conclusive_) breaches.insert(breaches.end(), ownership.begin(), ownership.end());
    return std::move(breaches);
  }
  bool conclusive() const { return conclusive_; }

 private:
  uint64_t generations() const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < process.super().shard_count; ++i) {
      sum += __atomic_load_n(&process.shard(i).lock.generation, __ATOMIC_ACQUIRE);
    }
    for (uint32_t i = 0; i < process.super().arena_count; ++i) {
      sum += __atomic_load_n(&process.arena(i).lock.generation, __ATOMIC_ACQUIRE);
    }
    return sum;
  }

  struct Holdings {
    uint64_t units = 0;
    uint64_t data_bytes = 0;  // room for labels, head and content
  };

  // All runs of an entry, and of the body it has inherited.
  Holdings own_entry(Entry& entry) {
    Holdings holdings{entry.own_units, 0};
    const Run run{process.ref(&entry), entry.own_units};
    if (!own(run, "an entry") || fixed_bytes(entry) > run.units * unit_bytes) return holdings;
    if (has(entry, shape::in_run)) {
      holdings.data_bytes += run.units * unit_bytes - data_offset(entry);
    }
    if (!has(entry, shape::extended)) return holdings;
    Extension& extended = extension(entry);
    own_extent(extended.first, holdings);
    own_table(extended.table, holdings);
    const Run body = unpack(extended.body.load());
    if (body && valid_run(body)) own_entry(process.entry(body.unit));
    return holdings;
  }

  void own_table(Cell& table, Holdings& holdings) {
    Cell* link = &table;
    for (Run run = unpack(link->load()); run; run = unpack(link->load())) {
      if (!own(run, "a table of extents")) break;
      holdings.units += run.units;
      auto* piece = process.at<Piece>(run.unit);
      const uint64_t fits = (run.units * unit_bytes - sizeof(Piece)) / sizeof(Cell);
      if (piece->capacity != fits) {
        owner_breach("a table of extents has capacity {} in {} units", piece->capacity, run.units);
        break;
      }
      for (uint32_t i = 0; i < piece->capacity; ++i) own_extent(piece->cells()[i], holdings);
      link = &piece->next;
    }
  }

  void own_extent(const Cell& cell, Holdings& holdings) {
    const Run run = unpack(cell.load());
    if (!run || !own(run, "an extent")) return;
    holdings.units += run.units;
    holdings.data_bytes += run.units * unit_bytes;
  }

  void check_pins(const Entry& entry) {
    for (unsigned word = 0; word < 2; ++word) {
      uint64_t strange = entry.pins[word].load() & ~process.super().alive[word].load();
      for (; strange != 0; strange &= strange - 1) {
        const unsigned slot = word * 64 + static_cast<unsigned>(std::countr_zero(strange));
        if (process.slot(slot).dirty.load() == 0) {
          breach("entry {} is pinned by slot {}, which is free", process.ref(&entry), slot);
        }
      }
    }
  }

  void check_entry(Entry& entry, uint32_t bucket, ShardSums& sums) {
    const Ref ref = process.ref(&entry);
    const State state = entry.state.load();
    if (process.bucket_of(entry.hash) != bucket) breach("entry {} is in a foreign chain", ref);
    if (hash_key(process.super(), key_of(entry)) != entry.hash) {
      breach("entry {} has a hash that is not its key's", ref);
    }
    const bool listed = entry.list == ListName::probation || entry.list == ListName::protected_;
    if (is_dead(state)) breach("dead entry {} is in a chain", ref);
    if (listed != (state == State::live || state == State::marker)) {
      breach("entry {} in state {} is in list {}", ref, static_cast<int>(state),
             static_cast<int>(entry.list));
    }
    check_pins(entry);
    const Holdings holdings = own_entry(entry);
    if (is_newer(entry.checked, purge_epoch(process))) breach("entry {} was checked too far", ref);
    const Entry* body = check_body(entry);
    if (is_fill(state)) {
      ++sums.filling;
      const uint32_t link = entry.link.load();
      if (slot_of(link) >= slots_max || ticket_of(entry) >= tickets_max ||
          process.ticket(slot_of(link), ticket_of(entry)).entry.load() != ref) {
        breach("fill {} is not named by its ticket", ref);
      }
      return;
    }
    const uint64_t charged = holdings.units + (body == nullptr ? 0 : body->charged_units);
    if (charged != entry.charged_units) {
      owner_breach("entry {} owns {} units but is charged {}", ref, charged, entry.charged_units);
    }
    if (state == State::marker) ++sums.markers;
    if (state == State::live) check_live(entry, holdings, body, sums);
  }

  void check_live(const Entry& entry, const Holdings& holdings, const Entry* body,
                  ShardSums& sums) {
    const Ref ref = process.ref(&entry);
    ++sums.objects;
    const uint64_t content = entry.content_length.load();
    sums.content_bytes += entry.head_length + content;
    if (entry.available.load() != content) breach("live entry {} is not complete", ref);
    const uint64_t front = label_bytes(entry) + entry.head_length;
    if (holdings.data_bytes < front + (body == nullptr ? content : 0)) {
      breach("live entry {} has less room than content", ref);
    }
    if (body != nullptr && body->content_length.load() != content) {
      breach("live entry {} has not the length of its body", ref);
    }
  }

  // Counts the entry among those that share its body.
  const Entry* check_body(const Entry& entry) {
    if (!has(entry, shape::extended)) return nullptr;
    const Ref ref = unpack(extension(entry).body.load()).unit;
    if (ref == 0) return nullptr;
    if (!valid_run({ref, 1})) {
      breach("the body of entry {} leads out of the arena", process.ref(&entry));
      return nullptr;
    }
    ++sharers_[ref];
    const Entry& body = process.entry(ref);
    if (key_of(body) != key_of(entry) || body.hash != entry.hash) {
      breach("entry {} shares the content of another key", process.ref(&entry));
    }
    return &body;
  }

  void check_sharers(const Entry& entry) {
    const auto counted = sharers_.find(process.ref(&entry));
    const uint32_t sharers = counted == sharers_.end() ? 0 : counted->second;
    if (sharers != entry.sharers) {
      breach("entry {} counts {} of {} sharers", process.ref(&entry), entry.sharers, sharers);
    }
    if (sharers > 0 && has(entry, shape::extended) && extension(entry).body.load() != 0) {
      breach("entry {} is a body and has one", process.ref(&entry));
    }
  }

  void check_list(const List& list, ListName name, uint64_t limit) {
    const Ref sentinel = process.ref(&list);
    Ref previous = sentinel;
    uint64_t count = 0;
    uint64_t units = 0;
    for (Ref ref = list.node.next; ref != sentinel; ++count) {
      if (!valid_run({ref, units_for(sizeof(Entry))}) || count > limit) {
        breach("a list leads out of the arena or in a circle at {}", ref);
        return;
      }
      Entry& entry = process.entry(ref);
      if (entry.node.previous != previous) breach("list links at {} do not agree", ref);
      if (entry.list != name) breach("entry {} does not know its list", ref);
      units += entry.charged_units;
      if (name == ListName::limbo) {
        if (!is_dead(entry.state.load())) breach("entry {} in limbo is not dead", ref);
        check_pins(entry);
        own_entry(entry);
        check_body(entry);
      }
      previous = ref;
      ref = entry.node.next;
    }
    if (list.node.previous != previous) breach("a list's last link does not agree");
    if (count != list.count) breach("a list counts {} of {} entries", list.count, count);
    if (units != list.units) breach("a list counts {} of {} units", list.units, units);
  }

  void check_shard(uint32_t index) {
    Shard& shard = process.shard(index);
    Section section(process.base(), shard.lock);
    if (!section) {
      breach("the lock of shard {} is held", index);
      return;
    }
    const uint64_t limit = owned.size() * 64;
    ShardSums sums;
    uint64_t seen = 0;
    const uint32_t first = index * process.buckets_per_shard();
    for (uint32_t b = first; b < first + process.buckets_per_shard(); ++b) {
      for (Ref ref = process.bucket(b); ref != 0; ref = process.entry(ref).chain) {
        if (!valid_run({ref, units_for(sizeof(Entry))}) || ++seen > limit) {
          breach("chain {} leads out of the arena or in a circle", b);
          break;
        }
        check_entry(process.entry(ref), b, sums);
      }
    }
    check_list(shard.probation, ListName::probation, limit);
    check_list(shard.protected_, ListName::protected_, limit);
    check_list(shard.limbo, ListName::limbo, limit);
    check_bodies(shard, first);
    if (sums.objects + sums.markers != shard.probation.count + shard.protected_.count) {
      breach("shard {} lists {} entries and chains {}", index,
             shard.probation.count + shard.protected_.count, sums.objects + sums.markers);
    }
    if (sums.objects != shard.objects || sums.content_bytes != shard.content_bytes ||
        sums.filling != shard.filling || sums.markers != shard.markers) {
      breach("shard {} has wrong sums", index);
    }
  }

  // When all who share have been counted.
  void check_bodies(const Shard& shard, uint32_t first) {
    if (!breaches.empty()) return;  // the links have been checked before
    for (uint32_t b = first; b < first + process.buckets_per_shard(); ++b) {
      for (Ref ref = process.bucket(b); ref != 0; ref = process.entry(ref).chain) {
        check_sharers(process.entry(ref));
      }
    }
    for (Ref ref = shard.limbo.node.next; ref != process.ref(&shard.limbo);
         ref = process.entry(ref).node.next) {
      check_sharers(process.entry(ref));
    }
    sharers_.clear();
  }

  void check_slots() {
    for (unsigned i = 0; i < slots_max + observers_max; ++i) {
      const Slot& slot = process.slot(i);
      const Run reclaim = unpack(slot.reclaim.load());
      if (reclaim && valid_run(reclaim)) own_entry(process.entry(reclaim.unit));
      if (i >= slots_max) continue;
      for (unsigned t = 0; t < tickets_max; ++t) {
        const Ticket& ticket = process.ticket(i, t);
        if (const Run raw = unpack(ticket.raw.load())) own(raw, "a ticket");
        const Ref ref = ticket.entry.load();
        if (ref == 0 || !valid_run({ref, units_for(sizeof(Entry))})) continue;
        const Entry& entry = process.entry(ref);
        if (!is_fill(entry.state.load()) || entry.link.load() != pack_link(i, t)) {
          owner_breach("ticket {} of slot {} names {}, which is not its fill", t, i, ref);
        }
      }
    }
  }

  std::unordered_map<Ref, uint32_t> sharers_;  // of the shard being checked, by body
  bool conclusive_ = false;
};

}  // namespace

std::vector<std::string> Store::verify() {
  std::vector<std::string> breaches;
  for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
    Verifier verifier(*process_);
    breaches = verifier.run();
    if (verifier.conclusive()) break;
  }
  return breaches;
}

}  // namespace ringwall::cache
