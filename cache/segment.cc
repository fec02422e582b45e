#include "cache/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <boost/interprocess/indexes/iset_index.hpp>
#include <boost/interprocess/managed_external_buffer.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/sync/mutex_family.hpp>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

#include "cache/pages.h"

namespace ringwall::cache {
namespace {

namespace ipc = boost::interprocess;

// No mutex: it allocates only while create_segment builds it, alone.
using Control = ipc::basic_managed_external_buffer<
    char, ipc::rbtree_best_fit<ipc::null_mutex_family, ipc::offset_ptr<void>>, ipc::iset_index>;

constexpr uint64_t huge_page_bytes = uint64_t{2} << 20;
// The segment manager's own head, the index, and the rounding of each table.
constexpr uint64_t control_slack_bytes = 64 * 1024;

class Mappable {
 public:
  explicit Mappable(int fd) : fd_(fd) {}
  ipc::mapping_handle_t get_mapping_handle() const {
    return ipc::ipcdetail::mapping_handle_from_file_handle(fd_);
  }
  ipc::mode_t get_mode() const { return ipc::read_write; }

 private:
  int fd_;
};

struct Plan {
  uint64_t control_bytes = 0;
  uint64_t segment_bytes = 0;
  uint32_t grain_pages = 1;
  uint32_t pages = 0;
  uint32_t shards = 0;
  uint32_t buckets = 0;
  uint32_t arenas = 0;
  uint64_t use_cells = 0;
  uint64_t ghost_cells = 0;
};

uint64_t round_up(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

// For an arena of the largest size. A shard per 32 MiB keeps 64 workers apart; one bucket per KiB of
// half of it, which is the usual size, keeps chains near one.
Plan plan_for(uint64_t arena_bytes, const SegmentOptions& options) {
  Plan plan;
  const uint64_t to = options.huge_pages ? huge_page_bytes : page_bytes;
  arena_bytes = round_up(arena_bytes, to);
  plan.grain_pages = static_cast<uint32_t>(to / page_bytes);
  plan.pages = static_cast<uint32_t>(arena_bytes / page_bytes);
  plan.shards =
      static_cast<uint32_t>(std::bit_floor(std::clamp<uint64_t>(arena_bytes >> 25, 1, 1024)));
  const uint64_t usual_bytes = std::max(options.size, arena_bytes / 2);
  plan.buckets = static_cast<uint32_t>(
      std::bit_floor(std::clamp<uint64_t>(usual_bytes >> 10, 1024, uint64_t{1} << 28)));
  plan.arenas = static_cast<uint32_t>(std::clamp<uint64_t>(arena_bytes >> 28, 1, 16));
  // A cell for each response of usual size: a thousandth of the arena.
  plan.use_cells = std::bit_floor(std::clamp<uint64_t>(arena_bytes >> 12, 64, uint64_t{1} << 26));
  // And one at least for the name it leaves when it is evicted: with half as many, a cache of small
  // responses lost 4 points of its hits in a trace that asks for everything three times.
  if (!options.literal_lru) {
    plan.ghost_cells =
        std::bit_ceil(std::clamp<uint64_t>(arena_bytes >> 12, 64, uint64_t{1} << 26));
  }
  const uint64_t tables =
      sizeof(Superblock) + uint64_t{plan.shards} * (sizeof(Shard) + sizeof(uint64_t)) +
      uint64_t{plan.buckets} * sizeof(Ref) + uint64_t{plan.arenas} * sizeof(Arena) +
      uint64_t{plan.pages} * sizeof(PageRecord) + (slots_max + observers_max) * sizeof(Slot) +
      uint64_t{slots_max} * tickets_max * sizeof(Ticket) + plan.use_cells * sizeof(uint32_t) +
      plan.ghost_cells * sizeof(uint32_t) + sizeof(PurgeTable);
  plan.control_bytes = round_up(prelude_bytes + tables + control_slack_bytes, to);
  plan.segment_bytes = plan.control_bytes + arena_bytes;
  return plan;
}

template <class T>
T* table(Control& control, uint64_t count) {
  // The memory of a new memfd is zero, which is the right start for all tables: not touching it
  // keeps the start of large segments short. Only at its edges the allocator may have kept the
  // links of a free block.
  const uint64_t bytes = count * sizeof(T);
  auto* memory = static_cast<std::byte*>(control.allocate_aligned(bytes, unit_bytes));
  const uint64_t edge = std::min<uint64_t>(bytes, 4096);
  std::memset(memory, 0, edge);
  std::memset(memory + bytes - edge, 0, edge);
  return reinterpret_cast<T*>(memory);
}

void init_list(std::byte* base, List& list) {
  const auto self = static_cast<Ref>((reinterpret_cast<std::byte*>(&list) - base) / unit_bytes);
  list.node = {self, self};
}

void build(std::byte* base, const Plan& plan, const SegmentOptions& options, bool advise) {
  Control control(ipc::create_only, base + prelude_bytes, plan.control_bytes - prelude_bytes);
  // The Superblock apart from its name: Boost aligns named objects to 16 bytes only.
  auto* super = new (table<Superblock>(control, 1)) Superblock{};
  control.construct<Directory>("ringwall")()->super = super;
  super->page_count = plan.pages;
  super->grain_pages = plan.grain_pages;
  super->shard_count = plan.shards;
  super->bucket_count = plan.buckets;
  super->arena_count = plan.arenas;
  super->first_page = static_cast<Ref>(plan.control_bytes / unit_bytes);
  super->literal_lru = options.literal_lru;
  super->huge_pages = advise;
  super->target_pages.store(pages_for(*super, options.size));
  init_robust_mutex(super->resizing);
  for (auto& mask : super->alive) mask.store(0);
  for (size_t done = 0; done < sizeof(super->secret);) {
    const ssize_t n = getrandom(super->secret + done, sizeof(super->secret) - done, 0);
    if (n > 0) done += static_cast<size_t>(n);
  }
  super->shards = table<Shard>(control, plan.shards);
  super->tails = table<std::atomic<uint64_t>>(control, plan.shards);
  super->buckets = table<Ref>(control, plan.buckets);
  super->arenas = table<Arena>(control, plan.arenas);
  super->pages = table<PageRecord>(control, plan.pages);
  super->slots = table<Slot>(control, slots_max + observers_max);
  super->tickets = table<Ticket>(control, uint64_t{slots_max} * tickets_max);
  super->purges = table<PurgeTable>(control, 1);
  super->uses = table<std::atomic<uint32_t>>(control, plan.use_cells);
  super->use_cells = plan.use_cells;
  if (plan.ghost_cells > 0) {
    super->ghosts = table<std::atomic<uint32_t>>(control, plan.ghost_cells);
  }
  super->ghost_cells = plan.ghost_cells;
  super->epoch.store(1);
  init_robust_mutex(super->purges->lock.mutex);
  init_robust_mutex(super->purges->sweeping);
  for (uint32_t i = 0; i < plan.shards; ++i) {
    Shard& shard = super->shards[i];
    init_robust_mutex(shard.lock.mutex);
    for (List* list : {&shard.probation, &shard.protected_, &shard.limbo}) init_list(base, *list);
    super->tails[i].store(no_tail);
    shard.boundary.share = share_start;
  }
  for (uint32_t i = 0; i < plan.arenas; ++i) {
    init_robust_mutex(super->arenas[i].lock.mutex);
    for (uint32_t& bin : super->arenas[i].bins) bin = no_page;
  }
  for (unsigned i = 0; i < slots_max + observers_max; ++i) {
    init_robust_mutex(super->slots[i].life);
  }
}

base::Result<ipc::mapped_region> map(int fd, uint64_t bytes) {
  try {
    // Of reserved huge pages a mapping would else claim all that it may ever hold.
    return ipc::mapped_region(Mappable(fd), ipc::read_write, 0, bytes, nullptr, MAP_NORESERVE);
  } catch (const ipc::interprocess_exception& e) {
    return base::fail(base::os_failure(
        fmt::format("cannot map the cache segment of {} MiB", bytes >> 20), e.get_native_error()));
  }
}

// Transparent huge pages for shared memory are off unless the administrator allows them.
bool transparent_huge_pages_allowed() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  std::string line;
  std::getline(file, line);
  return file.good() && line.find("[never]") == std::string::npos &&
         line.find("[deny]") == std::string::npos;
}

base::UniqueFd make_memfd(unsigned flags) {
  return base::UniqueFd(memfd_create("ringwall-cache", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
}

struct HugeChoice {
  base::UniqueFd fd;
  bool advise = false;
};

// Reserved huge pages where there are enough of them, else transparent ones where allowed.
base::Result<HugeChoice> make_huge_memfd(const Plan& plan, uint64_t size) {
  HugeChoice choice;
  const uint64_t bytes = plan.control_bytes + round_up(size, huge_page_bytes);
  choice.fd = make_memfd(MFD_HUGETLB | MFD_HUGE_2MB);
  if (choice.fd && ftruncate(choice.fd.get(), static_cast<off_t>(plan.segment_bytes)) == 0) {
    // Reserves without touching: the reservation fails here or never.
    void* probe =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, choice.fd.get(), 0);
    if (probe != MAP_FAILED) {
      munmap(probe, bytes);
      return choice;
    }
  }
  if (!transparent_huge_pages_allowed()) {
    return base::fail(fmt::format(
        "huge pages for the cache are not available: reserve them with \"sysctl "
        "vm.nr_hugepages={}\""
        ", or allow transparent ones with \"echo advise > "
        "/sys/kernel/mm/transparent_hugepage/shmem_enabled\", or set cache.huge_pages = false",
        bytes / huge_page_bytes));
  }
  choice.fd = make_memfd(0);
  choice.advise = true;
  return choice;
}

base::Status check_options(const SegmentOptions& options) {
  if (options.size < arena_bytes_min) {
    return base::fail(fmt::format("cache.size must be at least {} MiB", arena_bytes_min >> 20));
  }
  if (options.size > arena_bytes_max) {
    return base::fail(fmt::format("cache.size must be at most {} GiB", arena_bytes_max >> 30));
  }
  if (options.size_max > arena_bytes_max) {
    return base::fail(fmt::format("cache.size_max must be at most {} GiB", arena_bytes_max >> 30));
  }
  if (options.size_max != 0 && options.size_max < options.size) {
    return base::fail("cache.size_max must be at least cache.size");
  }
  return {};
}

}  // namespace

base::Result<base::UniqueFd> create_segment(const SegmentOptions& options) {
  if (auto checked = check_options(options); !checked) return base::fail(checked.error());
  const Plan plan = plan_for(std::max(options.size, options.size_max), options);
  HugeChoice choice;
  if (options.huge_pages) {
    auto huge = make_huge_memfd(plan, options.size);
    if (!huge) return base::fail(huge.error());
    choice = std::move(*huge);
  } else {
    choice.fd = make_memfd(0);
  }
  base::UniqueFd fd = std::move(choice.fd);
  if (!fd) return base::fail(base::os_failure("cannot make the cache segment (memfd)", errno));
  if (ftruncate(fd.get(), static_cast<off_t>(plan.segment_bytes)) != 0) {
    return base::fail(base::os_failure("cannot size the cache segment", errno));
  }
  if (auto done = reserve_bytes(fd.get(), 0, plan.control_bytes); !done) {
    return base::fail(done.error());
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return base::fail(base::os_failure("cannot seal the cache segment", errno));
  }
  auto region = map(fd.get(), plan.segment_bytes);
  if (!region) return base::fail(region.error());
  auto* base = static_cast<std::byte*>(region->get_address());
  build(base, plan, options, choice.advise);
  new (base)
      Prelude{segment_magic, compute_layout_version(), plan.segment_bytes, plan.control_bytes};
  auto mapping = map_segment(fd.get());
  if (!mapping) return base::fail(mapping.error());
  const Superblock& super = *mapping->super;
  const uint32_t first =
      std::min(pages_for(super, options.reserve_at_start), super.target_pages.load());
  auto opened = open_pages(fd.get(), *mapping, first, first);
  if (!opened) return base::fail(opened.error());
  return fd;
}

base::Result<Mapping> map_segment(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    return base::fail(base::os_failure("cannot read the cache segment's size", errno));
  }
  const auto bytes = static_cast<uint64_t>(status.st_size);
  if (bytes < prelude_bytes) return base::fail("the cache segment is too short to be one");
  auto region = map(fd, bytes);
  if (!region) return base::fail(region.error());
  Mapping mapping{std::move(*region), nullptr};
  const auto* prelude = reinterpret_cast<const Prelude*>(mapping.base());
  if (prelude->magic != segment_magic) return base::fail("this is not a cache segment");
  if (prelude->layout != compute_layout_version()) {
    return base::fail("the cache segment has the layout of another version of ringwall");
  }
  if (prelude->segment_bytes != bytes || prelude->control_bytes > bytes) {
    return base::fail("the cache segment's size does not agree with its head");
  }
  Control control(ipc::open_only, mapping.base() + prelude_bytes,
                  prelude->control_bytes - prelude_bytes);
  const Directory* directory = control.find<Directory>("ringwall").first;
  if (directory == nullptr) return base::fail("the cache segment has no superblock");
  mapping.super = directory->super.get();
  if (mapping.super->huge_pages != 0) madvise(mapping.base(), bytes, MADV_HUGEPAGE);
  // A core dump with the whole cache in it helps nobody.
  madvise(mapping.base(), bytes, MADV_DONTDUMP);
  return mapping;
}

base::Status reserve_bytes(int fd, uint64_t from, uint64_t bytes) {
  while (fallocate(fd, 0, static_cast<off_t>(from), static_cast<off_t>(bytes)) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    return base::fail(base::os_failure(
        fmt::format("cannot reserve {} MiB of memory for the cache (lower cache.size, or raise the "
                    "memory limit of the service)",
                    (bytes + (1 << 20) - 1) >> 20),
        error));
  }
  return {};
}

base::Status release_bytes(int fd, uint64_t from, uint64_t bytes) {
  constexpr int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  while (fallocate(fd, mode, static_cast<off_t>(from), static_cast<off_t>(bytes)) != 0) {
    if (errno == EINTR) continue;
    return base::fail(base::os_failure("cannot give memory of the cache back", errno));
  }
  return {};
}

bool is_segment(int fd) {
  Prelude prelude{};
  struct stat status {};
  return pread(fd, &prelude, sizeof(prelude), 0) == sizeof(prelude) && fstat(fd, &status) == 0 &&
         prelude.magic == segment_magic && prelude.layout == compute_layout_version() &&
         prelude.segment_bytes == static_cast<uint64_t>(status.st_size) &&
         prelude.control_bytes <= prelude.segment_bytes;
}

uint64_t layout_version() {
  return compute_layout_version();
}

}  // namespace ringwall::cache
