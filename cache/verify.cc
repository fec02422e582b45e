// Store::verify: walks shards, arenas, tickets and slots, one lock at a time, and compares them
// with the invariants of cache/layout.h. Who owns which unit is judged only when nothing in the
// segment has changed during the walk (the locks' generations tell); everything else always.
#include <fmt/format.h>

#include <bit>
#include <string>
#include <vector>

#include "cache/arena.h"
#include "cache/index.h"
#include "cache/process.h"
#include "cache/store.h"

namespace ringwall::cache {
namespace {

constexpr unsigned attempts_max = 4;
constexpr size_t breaches_max = 100;

struct ShardSums {
  uint64_t objects = 0, content_bytes = 0, filling = 0, markers = 0;
};

class Verifier {
 public:
  explicit Verifier(Process& process)
      : process_(process),
        owned_(uint64_t{process.super().active_pages.load()} * units_per_page / 64) {}

  std::vector<std::string> run() {
    const uint64_t before = generations();
    for (uint32_t i = 0; i < process_.super().shard_count; ++i) check_shard(i);
    check_slots();
    for (uint32_t i = 0; i < process_.super().arena_count; ++i) check_arena(i);
    conclusive_ = generations() == before;
    if (conclusive_) breaches_.insert(breaches_.end(), ownership_.begin(), ownership_.end());
    return std::move(breaches_);
  }
  bool conclusive() const { return conclusive_; }

 private:
  template <class... Args>
  void breach(fmt::format_string<Args...> text, Args&&... args) {
    if (breaches_.size() < breaches_max) {
      breaches_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void owner_breach(fmt::format_string<Args...> text, Args&&... args) {
    if (ownership_.size() < breaches_max) {
      ownership_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }

  uint64_t generations() const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < process_.super().shard_count; ++i) {
      sum += __atomic_load_n(&process_.shard(i).lock.generation, __ATOMIC_ACQUIRE);
    }
    for (uint32_t i = 0; i < process_.super().arena_count; ++i) {
      sum += __atomic_load_n(&process_.arena(i).lock.generation, __ATOMIC_ACQUIRE);
    }
    return sum;
  }

  // Inside one active page. Without this no reference of a damaged segment may be followed.
  bool valid_run(Run run) const {
    if (run.units == 0 || run.units > units_per_page || run.unit < process_.first_unit(0)) {
      return false;
    }
    const uint64_t from = run.unit - process_.first_unit(0);
    return from / units_per_page == (from + run.units - 1) / units_per_page &&
           from + run.units <= owned_.size() * 64;
  }

  bool own(Run run, const char* what) {
    if (!valid_run(run)) {
      owner_breach("{} names units {}+{}, which are no run", what, run.unit, run.units);
      return false;
    }
    uint32_t doubled = 0;
    for (uint32_t i = 0; i < run.units; ++i) {
      const uint64_t at = run.unit - process_.first_unit(0) + i;
      doubled += owned_[at / 64] >> (at % 64) & 1;
      owned_[at / 64] |= uint64_t{1} << (at % 64);
    }
    if (doubled > 0)
      owner_breach("{} of {}+{} owns {} units that another owns", what, run.unit, run.units,
                   doubled);
    return true;
  }

  struct Holdings {
    uint64_t units = 0;
    uint64_t extent_units = 0;
  };

  // All runs of an entry.
  Holdings own_entry(Entry& entry) {
    Holdings holdings{entry.own_units, 0};
    own({process_.ref(&entry), entry.own_units}, "an entry");
    own_extent(entry.first, holdings);
    Cell* link = &entry.table;
    for (Run run = unpack(link->load()); run; run = unpack(link->load())) {
      if (!own(run, "a table of extents")) break;
      holdings.units += run.units;
      auto* piece = process_.at<Piece>(run.unit);
      const uint64_t fits = (run.units * unit_bytes - sizeof(Piece)) / sizeof(Cell);
      if (piece->capacity != fits) {
        owner_breach("a table of extents has capacity {} in {} units", piece->capacity, run.units);
        break;
      }
      for (uint32_t i = 0; i < piece->capacity; ++i) own_extent(piece->cells()[i], holdings);
      link = &piece->next;
    }
    return holdings;
  }

  void own_extent(const Cell& cell, Holdings& holdings) {
    const Run run = unpack(cell.load());
    if (!run || !own(run, "an extent")) return;
    holdings.units += run.units;
    holdings.extent_units += run.units;
  }

  void check_pins(const Entry& entry) {
    for (unsigned word = 0; word < 2; ++word) {
      uint64_t strange = entry.pins[word].load() & ~process_.super().alive[word].load();
      for (; strange != 0; strange &= strange - 1) {
        const unsigned slot = word * 64 + static_cast<unsigned>(std::countr_zero(strange));
        if (process_.slot(slot).dirty.load() == 0) {
          breach("entry {} is pinned by slot {}, which is free", process_.ref(&entry), slot);
        }
      }
    }
  }

  void check_entry(Entry& entry, uint32_t bucket, ShardSums& sums) {
    const Ref ref = process_.ref(&entry);
    const State state = entry.state.load();
    if (process_.bucket_of(entry.hash) != bucket) breach("entry {} is in a foreign chain", ref);
    if (hash_key(process_.super(), key_of(entry)) != entry.hash) {
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
    if (is_fill(state)) {
      ++sums.filling;
      if (entry.filler >= slots_max || entry.ticket >= tickets_max ||
          process_.ticket(entry.filler, entry.ticket).entry.load() != ref) {
        breach("fill {} is not named by its ticket", ref);
      }
      return;
    }
    if (holdings.units != entry.charged_units) {
      owner_breach("entry {} owns {} units but is charged {}", ref, holdings.units,
                   entry.charged_units);
    }
    if (state == State::marker) ++sums.markers;
    if (state != State::live) return;
    ++sums.objects;
    const uint64_t bytes = entry.head_length + entry.content_length.load();
    sums.content_bytes += bytes;
    if (entry.available.load() != entry.content_length.load()) {
      breach("live entry {} is not complete", ref);
    }
    if (holdings.extent_units * unit_bytes < bytes) {
      breach("live entry {} has less room than content", ref);
    }
  }

  void check_list(const List& list, ListName name, uint64_t limit) {
    const Ref sentinel = process_.ref(&list);
    Ref previous = sentinel;
    uint64_t count = 0;
    uint64_t units = 0;
    for (Ref ref = list.node.next; ref != sentinel; ++count) {
      if (!valid_run({ref, sizeof(Entry) / unit_bytes}) || count > limit) {
        breach("a list leads out of the arena or in a circle at {}", ref);
        return;
      }
      Entry& entry = process_.entry(ref);
      if (entry.node.previous != previous) breach("list links at {} do not agree", ref);
      if (entry.list != name) breach("entry {} does not know its list", ref);
      units += entry.charged_units;
      if (name == ListName::limbo) {
        if (!is_dead(entry.state.load())) breach("entry {} in limbo is not dead", ref);
        check_pins(entry);
        own_entry(entry);
      }
      previous = ref;
      ref = entry.node.next;
    }
    if (list.node.previous != previous) breach("a list's last link does not agree");
    if (count != list.count) breach("a list counts {} of {} entries", list.count, count);
    if (units != list.units) breach("a list counts {} of {} units", list.units, units);
  }

  void check_shard(uint32_t index) {
    Shard& shard = process_.shard(index);
    Section section(process_.base(), shard.lock);
    if (!section) {
      breach("the lock of shard {} is held", index);
      return;
    }
    const uint64_t limit = owned_.size() * 64;
    ShardSums sums;
    uint64_t seen = 0;
    const uint32_t first = index * process_.buckets_per_shard();
    for (uint32_t b = first; b < first + process_.buckets_per_shard(); ++b) {
      for (Ref ref = process_.bucket(b); ref != 0; ref = process_.entry(ref).chain) {
        if (!valid_run({ref, sizeof(Entry) / unit_bytes}) || ++seen > limit) {
          breach("chain {} leads out of the arena or in a circle", b);
          break;
        }
        check_entry(process_.entry(ref), b, sums);
      }
    }
    check_list(shard.probation, ListName::probation, limit);
    check_list(shard.protected_, ListName::protected_, limit);
    check_list(shard.limbo, ListName::limbo, limit);
    if (sums.objects + sums.markers != shard.probation.count + shard.protected_.count) {
      breach("shard {} lists {} entries and chains {}", index,
             shard.probation.count + shard.protected_.count, sums.objects + sums.markers);
    }
    if (sums.objects != shard.objects || sums.content_bytes != shard.content_bytes ||
        sums.filling != shard.filling || sums.markers != shard.markers) {
      breach("shard {} has wrong sums", index);
    }
  }

  void check_slots() {
    for (unsigned i = 0; i < slots_max + observers_max; ++i) {
      const Slot& slot = process_.slot(i);
      const Run reclaim = unpack(slot.reclaim.load());
      if (reclaim && valid_run(reclaim)) own_entry(process_.entry(reclaim.unit));
      if (i >= slots_max) continue;
      for (unsigned t = 0; t < tickets_max; ++t) {
        const Ticket& ticket = process_.ticket(i, t);
        if (const Run raw = unpack(ticket.raw.load())) own(raw, "a ticket");
        const Ref ref = ticket.entry.load();
        if (ref == 0 || !valid_run({ref, sizeof(Entry) / unit_bytes})) continue;
        const Entry& entry = process_.entry(ref);
        if (!is_fill(entry.state.load()) || entry.filler != i || entry.ticket != t) {
          owner_breach("ticket {} of slot {} names {}, which is not its fill", t, i, ref);
        }
      }
    }
  }

  void check_page(uint32_t index) {
    const PageRecord& page = process_.page(index);
    unsigned free = 0;
    unsigned longest = 0;
    each_free_run(page, [&](unsigned, unsigned length) {
      free += length;
      longest = std::max(longest, length);
    });
    if (free != page.free) breach("page {} has {} free units, not {}", index, free, page.free);
    if (longest != page.longest) breach("page {} has the wrong longest run", index);
    if (page.bin != bin_of(longest)) breach("page {} is in the wrong bin", index);
    uint32_t differ = 0;
    for (unsigned w = 0; w < units_per_page / 64; ++w) {
      const uint64_t at = uint64_t{index} * units_per_page / 64 + w;
      if (at < owned_.size())
        differ += static_cast<uint32_t>(std::popcount(owned_[at] ^ page.used[w]));
    }
    if (differ > 0)
      owner_breach("page {}: {} units are used without an owner or owned but free", index, differ);
  }

  void check_arena(uint32_t index) {
    Arena& arena = process_.arena(index);
    Section section(process_.base(), arena.lock);
    if (!section) {
      breach("the lock of arena {} is held", index);
      return;
    }
    uint64_t pages = 0;
    uint64_t free = 0;
    uint64_t occupied = 0;
    for (unsigned bin = 0; bin < bins_max; ++bin) {
      uint32_t previous = no_page;
      if (arena.bins[bin] != no_page) occupied |= uint64_t{1} << bin;
      for (uint32_t p = arena.bins[bin]; p != no_page; p = process_.page(p).next) {
        if (p >= process_.super().page_count || ++pages > process_.super().page_count) {
          breach("bin {} of arena {} leads astray", bin, index);
          break;
        }
        if (process_.page(p).bin != bin || process_.page(p).previous != previous ||
            p % process_.super().arena_count != index) {
          breach("page {} is linked wrongly", p);
        }
        free += process_.page(p).free;
        previous = p;
        check_page(p);
      }
    }
    if (pages != arena.pages.load()) breach("arena {} has lost pages", index);
    if (free != arena.free_units.load()) breach("arena {} has a wrong sum of free units", index);
    if (occupied != arena.occupied.load()) breach("arena {} has a wrong map of bins", index);
  }

  Process& process_;
  std::vector<uint64_t> owned_;
  std::vector<std::string> breaches_;
  std::vector<std::string> ownership_;
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
