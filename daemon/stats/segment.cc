#include "daemon/stats/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>

namespace ringwall::stats {
namespace {

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
// Folding a slot takes some 20 us, unless the master loses its processor meanwhile: then readers
// sleep between their looks. One that died in the middle holds them up for 50 ms or so, not more.
constexpr int busy_reads_max = 20;
constexpr int steady_reads_max = 320;
constexpr timespec steady_pause = {.tv_sec = 0, .tv_nsec = 100'000};

uint64_t slot_bit(unsigned slot) {
  return uint64_t{1} << (slot % 64);
}

/// Adds, or takes the larger of, what one worker says, by the kind of each row.
template <class Cells, class Values>
void gather(const Cells& cells, std::span<const Row> rows, bool living, Values& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (rows[i].kind == Kind::counter) {
      values[i] += cells[i].get();
    } else if (living) {
      uint64_t value = cells[i].get();
      values[i] = rows[i].kind == Kind::gauge ? values[i] + value : std::max(values[i], value);
    }
  }
}

/// The counters of `from` on top of those of `to`; gauges end with their worker.
template <class Cells>
void fold_cells(const Cells& from, std::span<const Row> rows, Cells& to) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].kind == Kind::counter && from[i].get() != 0) to[i].add(from[i].get());
  }
}

}  // namespace

std::string_view name_of(Override state) {
  switch (state) {
    case Override::none:
      return "none";
    case Override::drain:
      return "drain";
    case Override::down:
      return "down";
  }
  return "none";
}

base::Result<Segment> Segment::create() {
  base::UniqueFd fd(::memfd_create("ringwall-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return base::fail(base::os_failure("cannot make the stats segment", errno));
  if (::ftruncate(fd.get(), sizeof(Layout)) != 0 || ::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) {
    return base::fail(base::os_failure("cannot size the stats segment", errno));
  }
  auto segment = map(fd.get(), true);
  if (!segment) return segment;
  Header& header = segment->layout_->header;
  header.version = layout_version;
  header.counters = counter_count;
  header.backend_counters = backend_counter_count;
  header.route_counters = route_counter_count;
  header.bytes = sizeof(Layout);
  header.created_wall_ns = base::wall_now_ns();
  header.magic = segment_magic;
  segment->fd_ = std::move(fd);
  segment->name_other_routes();
  return segment;
}

base::Result<Segment> Segment::attach(int fd, bool writable) {
  struct stat facts;
  if (::fstat(fd, &facts) != 0) {
    return base::fail(base::os_failure("cannot attach the stats segment", errno));
  }
  // Without the seals its maker could shrink it, and reading it would end the process.
  bool sealed = (::fcntl(fd, F_GET_SEALS) & seals) == seals;
  if (!sealed || facts.st_size != static_cast<off_t>(sizeof(Layout))) {
    return base::fail("this is no stats segment of this release");
  }
  auto segment = map(fd, writable);
  if (!segment) return segment;
  const Header& header = segment->layout_->header;
  if (header.magic != segment_magic || header.version != layout_version ||
      header.counters != counter_count || header.backend_counters != backend_counter_count ||
      header.route_counters != route_counter_count || header.bytes != sizeof(Layout)) {
    return base::fail("the stats segment has the layout of another release");
  }
  return segment;
}

base::Result<Segment> Segment::map(int fd, bool writable) {
  int access = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = ::mmap(nullptr, sizeof(Layout), access, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    return base::fail(base::os_failure("cannot map the stats segment", errno));
  }
  return Segment(static_cast<Layout*>(memory), base::UniqueFd());
}

Segment::Segment(Segment&& other) noexcept
    : layout_(std::exchange(other.layout_, nullptr)), fd_(std::move(other.fd_)) {}

Segment& Segment::operator=(Segment&& other) noexcept {
  std::swap(layout_, other.layout_);
  std::swap(fd_, other.fd_);
  return *this;
}

Segment::~Segment() {
  if (layout_ != nullptr) ::munmap(layout_, sizeof(Layout));
}

WorkerStats& Segment::claim(unsigned slot, uint64_t generation, base::Instant now) {
  RW_ASSERT(slot < base::slots_max);
  RW_ASSERT(!slot_used(slot));
  WorkerStats& own = layout_->slots[slot];
  own.generation.set(generation);
  own.pid.set(static_cast<uint64_t>(::getpid()));
  own.started_wall_ns.set(static_cast<uint64_t>(base::wall_now_ns()));
  own.beat(now);
  layout_->header.slots_used[slot / 64].fetch_or(slot_bit(slot), std::memory_order_release);
  return own;
}

bool Segment::slot_used(unsigned slot) const {
  RW_ASSERT(slot < base::slots_max);
  uint64_t mask = layout_->header.slots_used[slot / 64].load(std::memory_order_acquire);
  return (mask & slot_bit(slot)) != 0;
}

void Segment::retire(unsigned slot) {
  if (!slot_used(slot)) return;
  // An odd number here: a master died in a fold. What it had folded by then is counted twice or
  // not at all; the version goes on from the next even number.
  uint32_t version = layout_->header.fold_version.load(std::memory_order_relaxed) & ~1u;
  layout_->header.fold_version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  fold(slot);
  layout_->header.slots_used[slot / 64].fetch_and(~slot_bit(slot), std::memory_order_release);
  layout_->header.fold_version.store(version + 2, std::memory_order_release);
}

void Segment::fold(unsigned slot) {
  WorkerStats& gone = layout_->slots[slot];
  Block& ended = layout_->ended;
  fold_cells(gone.block.cells, rows(), ended.cells);
  for (size_t i = 0; i < histogram_buckets; ++i) {
    ended.durations.buckets[i].add(gone.block.durations.buckets[i].get());
  }
  ended.durations.sum_us.add(gone.block.durations.sum_us.get());
  uint32_t end = layout_->header.places_end.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < end; ++i) {
    fold_cells(gone.block.backends[i].cells, backend_rows(), ended.backends[i].cells);
  }
  end = layout_->header.routes_end.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < end; ++i) {
    fold_cells(gone.block.routes[i].cells, route_rows(), ended.routes[i].cells);
  }
  // Gives the pages back; the next worker in the slot finds zeroes.
  if (::madvise(&gone, sizeof(gone), MADV_REMOVE) != 0) {
    std::memset(static_cast<void*>(&gone), 0, sizeof(gone));
  }
}

std::string Segment::panic_text(unsigned slot) const {
  if (!slot_used(slot)) return {};
  const WorkerStats& dead = layout_->slots[slot];
  size_t length = dead.panic_length.load(std::memory_order_acquire);
  return std::string(dead.panic_text.data(), std::min(length, panic_bytes));
}

/// The value of `read` as of a moment in which no slot was being folded.
template <class Value, class Read>
Value Segment::steady(Read read) const {
  const std::atomic<uint32_t>& version = layout_->header.fold_version;
  Value value{};
  for (int i = 0; i < steady_reads_max; ++i) {
    uint32_t before = version.load(std::memory_order_acquire);
    value = read();
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && version.load(std::memory_order_relaxed) == before) break;
    if (i >= busy_reads_max) ::nanosleep(&steady_pause, nullptr);
  }
  return value;
}

uint64_t Segment::sum(Counter counter) const {
  return totals()[counter];
}

Totals Segment::totals() const {
  return steady<Totals>([this] {
    Totals all;
    gather(layout_->ended.cells, rows(), false, all.values);
    for (unsigned i = 0; i < base::slots_max; ++i) {
      if (slot_used(i)) gather(layout_->slots[i].block.cells, rows(), true, all.values);
    }
    return all;
  });
}

BackendTotals Segment::read_backend(uint32_t index) const {
  RW_ASSERT(index < base::backends_max);
  return steady<BackendTotals>([this, index] {
    BackendTotals all;
    gather(layout_->ended.backends[index].cells, backend_rows(), false, all.values);
    for (unsigned i = 0; i < base::slots_max; ++i) {
      if (!slot_used(i)) continue;
      gather(layout_->slots[i].block.backends[index].cells, backend_rows(), true, all.values);
    }
    return all;
  });
}

RouteTotals Segment::read_route(uint32_t index) const {
  RW_ASSERT(index < routes_max);
  return steady<RouteTotals>([this, index] {
    RouteTotals all;
    gather(layout_->ended.routes[index].cells, route_rows(), false, all.values);
    for (unsigned i = 0; i < base::slots_max; ++i) {
      if (!slot_used(i)) continue;
      gather(layout_->slots[i].block.routes[index].cells, route_rows(), true, all.values);
    }
    return all;
  });
}

HistogramTotals Segment::durations() const {
  return steady<HistogramTotals>([this] {
    HistogramTotals all;
    auto gather_one = [&all](const Histogram& one) {
      for (size_t i = 0; i < histogram_buckets; ++i) all.buckets[i] += one.buckets[i].get();
      all.sum_us += one.sum_us.get();
    };
    gather_one(layout_->ended.durations);
    for (unsigned i = 0; i < base::slots_max; ++i) {
      if (slot_used(i)) gather_one(layout_->slots[i].block.durations);
    }
    return all;
  });
}

std::vector<WorkerView> Segment::workers() const {
  std::vector<WorkerView> all;
  for (unsigned i = 0; i < base::slots_max; ++i) {
    if (!slot_used(i)) continue;
    const WorkerStats& one = layout_->slots[i];
    WorkerView view;
    view.slot = i;
    view.generation = one.generation.get();
    view.pid = one.pid.get();
    view.started_wall_ns = static_cast<int64_t>(one.started_wall_ns.get());
    view.heartbeat = {static_cast<int64_t>(one.heartbeat_ns.get())};
    view.draining = one.draining.get() != 0;
    view.connections = one.block[Counter::connections_open].get();
    view.exchanges = one.block[Counter::exchanges_open].get();
    for (auto id : {Counter::requests_get, Counter::requests_head, Counter::requests_post,
                    Counter::requests_other}) {
      view.requests += one.block[id].get();
    }
    all.push_back(view);
  }
  return all;
}

}  // namespace ringwall::stats
