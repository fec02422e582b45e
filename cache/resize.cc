// A change of size, in passes. Towards a smaller size a pass closes the pages at the arena's end,
// takes out the responses that have anything there, reclaims what was left in limbo and gives back
// the pages that are wholly free now. What is being filled or read keeps its page, for a later
// pass; a fill that was under way is stored as ever and met by that. Towards a larger size a pass
// opens pages. Both in one where the size was changed to and fro.
//
// Which responses go depends on where they lie, not on their use: nothing moves, and in a full
// cache the arena takes the best-fitting run wherever that is. So about that part of what is stored
// is lost by which a full cache shrinks, the often used like the others. A cache that was never
// full uses the arena from its beginning, and loses little or nothing.
#include <fmt/format.h>

#include "cache/object.h"
#include "cache/pages.h"
#include "cache/store.h"
#include "cache/visit.h"

namespace ringwall::cache {
namespace {

using Phase = ResizeProgress::Phase;

// One small step: some 0.3 ms of closing or of giving back, a millisecond of reserving.
constexpr uint32_t close_step = 1024;
constexpr uint32_t give_back_step = 32;
constexpr uint32_t open_step = 64;

/// Whether anything that the entry owns or shares lies at or behind unit `limit`.
class Reach {
 public:
  Reach(const Process& process, Ref limit) : process_(process), limit_(limit) {}

  // In the section of its shard; it is no fill, so that its cells stay as they are.
  bool of(Entry& entry) const {
    Entry& body = content_entry(process_, entry);
    return of_runs(entry) || (&body != &entry && of_runs(body));
  }

 private:
  bool of_cell(const Cell& cell) const {
    return unpack(cell.load(std::memory_order_relaxed)).unit >= limit_;
  }

  bool of_runs(Entry& entry) const {
    if (process_.ref(&entry) >= limit_) return true;
    if (!has(entry, shape::extended)) return false;
    const Extension& extended = extension(entry);
    if (of_cell(extended.first)) return true;
    const Cell* link = &extended.table;
    while (const Run run = unpack(link->load(std::memory_order_relaxed))) {
      if (run.unit >= limit_) return true;
      const Piece& piece = *process_.at<Piece>(run.unit);
      for (uint32_t i = 0; i < piece.capacity; ++i) {
        if (of_cell(piece.cells()[i])) return true;
      }
      link = &piece.next;
    }
    return false;
  }

  const Process& process_;
  Ref limit_;
};

/// One small step of a phase; `all`: the phase is over.
class Step {
 public:
  Step(Process& process, ResizeProgress& progress) : process_(process), progress_(progress) {}

  base::Result<Moved> run() {
    const Mapping& mapping = process_.mapping();
    switch (progress_.phase) {
      case Phase::close:
        return close_pages(mapping, progress_.next, close_step);
      case Phase::take_out:
        return take_out_slice();
      case Phase::reap:
        return reap_shard();
      case Phase::give_back:
        return give_back_pages(process_.fd(), mapping, progress_.target, progress_.next,
                               give_back_step);
      case Phase::open:
        break;
    }
    return open_pages(process_.fd(), mapping, progress_.target, open_step);
  }

 private:
  Moved take_out_slice() {
    const uint32_t buckets = process_.super().bucket_count;
    const Reach reach(process_, process_.first_unit(progress_.target));
    const auto visit = [&](Section& section, Entry& entry) {
      const State state = entry.state.load(std::memory_order_relaxed);
      if (is_fill(state) || !reach.of(entry)) return false;
      if (state == State::live) {
        ++progress_.objects;
        progress_.bytes += entry.head_length + entry.content_length.load();
      }
      take_out(process_, section, entry);
      return true;
    };
    const uint32_t shard = process_.shard_of_bucket(progress_.next);
    const uint32_t end = (shard + 1) * process_.buckets_per_shard();
    if (!visit_slice(process_, shard, progress_.next, end, visit)) return Moved::busy;
    return progress_.next == buckets ? Moved::all : Moved::some;
  }

  Moved reap_shard() {
    if (!reap(process_, process_.shard(progress_.next))) return Moved::busy;
    return ++progress_.next == process_.super().shard_count ? Moved::all : Moved::some;
  }

  Process& process_;
  ResizeProgress& progress_;
};

void begin_phase(ResizeProgress& progress, Phase phase) {
  progress.phase = phase;
  const bool by_page = phase == Phase::close || phase == Phase::give_back;
  progress.next = by_page ? progress.target : 0;
}

// The phase behind one that is over.
Phase next_phase(const Superblock& super, const ResizeProgress& progress) {
  if (progress.phase == Phase::open) return Phase::close;
  if (super.active_pages.load() <= progress.target) return Phase::open;
  return static_cast<Phase>(static_cast<uint8_t>(progress.phase) + 1);
}

}  // namespace

base::Status Store::set_size(uint64_t bytes) {
  Superblock& super = process_->super();
  const uint64_t most = super.page_count * page_bytes;
  if (bytes < arena_bytes_min || bytes > most) {
    return base::fail(fmt::format("the size of this cache must be between {} and {} MiB",
                                  arena_bytes_min >> 20, most >> 20));
  }
  super.target_pages.store(pages_for(super, bytes));
  return {};
}

base::Result<Resized> Store::resize(ResizeProgress& progress, base::Duration budget) {
  Process& process = *process_;
  Superblock& super = process.super();
  const TryHold hold(super.resizing);
  if (!hold || process.condemned()) return Resized::waiting;
  if (progress.target != super.target_pages.load()) {
    progress.target = super.target_pages.load();
    begin_phase(progress, Phase::close);
  }
  Step step(process, progress);
  const base::Instant end = base::monotonic_now() + budget;
  do {
    const auto moved = step.run();
    if (!moved) {
      begin_phase(progress, Phase::close);
      return base::fail(moved.error());
    }
    if (*moved == Moved::busy) return Resized::waiting;
    if (*moved == Moved::some) continue;
    const bool pass_over = progress.phase == Phase::open;
    begin_phase(progress, next_phase(super, progress));
    if (!pass_over) continue;
    const uint32_t target = super.target_pages.load();
    if (target != progress.target) return Resized::more;
    return super.active_pages.load() == target ? Resized::done : Resized::waiting;
  } while (base::monotonic_now() < end);
  return Resized::more;
}

}  // namespace ringwall::cache
