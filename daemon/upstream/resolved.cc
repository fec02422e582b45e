#include "daemon/upstream/resolved.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <atomic>
#include <cstring>

#include "daemon/base/assert.h"

namespace ringwall::upstream {
namespace {

// Counts up with every change to the layout; another version is refused at attach.
constexpr uint64_t magic = 0x0001'7265'736f'6c76;  // version 1, "resolv"

/// An IP address as two words, IPv4 in its mapped form, in network order.
struct Words {
  uint64_t high;
  uint64_t low;
};

/// A place of the table:
///   version (32) | count (32)      odd version: being written
///   name (64)                      hash of the host; 0: nobody's
///   addresses (16 x 128)
struct Place {
  std::atomic<uint32_t> version;
  std::atomic<uint32_t> count;
  std::atomic<uint64_t> name;
  struct {
    std::atomic<uint64_t> high;
    std::atomic<uint64_t> low;
  } addresses[base::addresses_max];
};
static_assert(sizeof(Place) == 16 + 16 * base::addresses_max);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

uint64_t hash_of(std::string_view host) {
  uint64_t hash = XXH3_64bits(host.data(), host.size());
  return hash != 0 ? hash : 1;
}

bool to_words(const base::Address& address, Words& out) {
  uint8_t bytes[16] = {};
  if (address.family() == AF_INET6) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 16);
  } else if (address.family() == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes + 12, &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 4);
  } else {
    return false;
  }
  std::memcpy(&out, bytes, sizeof(out));
  return true;
}

base::Address to_address(const Words& words, uint16_t port) {
  in6_addr bytes;
  std::memcpy(&bytes, &words, sizeof(bytes));
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes.s6_addr + 12, 4);
    return base::Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = bytes;
  return base::Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
}

/// Makes the version odd for as long as it lives.
class Writing {
 public:
  explicit Writing(Place& place) : place_(place) {
    start_ = place.version.load(std::memory_order_relaxed);
    RW_ASSERT(start_ % 2 == 0);
    place.version.store(start_ + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
  ~Writing() { place_.version.store(start_ + 2, std::memory_order_release); }

 private:
  Place& place_;
  uint32_t start_;
};

}  // namespace

struct ResolvedTable::Layout {
  std::atomic<uint64_t> magic;
  uint64_t reserved;
  Place places[base::backends_max];
};

base::Result<std::unique_ptr<ResolvedTable>> ResolvedTable::create() {
  base::UniqueFd fd(::memfd_create("ringwall-resolved", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return base::fail(base::os_failure("cannot make the table of resolved names", errno));
  if (::ftruncate(fd.get(), sizeof(Layout)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return base::fail(base::os_failure("cannot size the table of resolved names", errno));
  }
  auto table = map(fd.get(), Access::write);
  if (!table) return base::fail(table.error());
  (*table)->layout_->magic.store(magic, std::memory_order_release);
  (*table)->fd_ = std::move(fd);
  return table;
}

base::Result<std::unique_ptr<ResolvedTable>> ResolvedTable::attach(int fd, Access access) {
  auto table = map(fd, access);
  if (!table) return table;
  Layout& layout = *(*table)->layout_;
  if (layout.magic.load(std::memory_order_acquire) != magic) {
    return base::fail("the table of resolved names has another version's layout");
  }
  if (access == Access::read) return table;
  for (uint32_t index = 0; index < base::backends_max; ++index) {
    Place& place = layout.places[index];
    if (place.version.load(std::memory_order_relaxed) % 2 == 0) continue;
    place.name.store(0, std::memory_order_relaxed);
    place.count.store(0, std::memory_order_relaxed);
    place.version.fetch_add(1, std::memory_order_release);
  }
  return table;
}

base::Result<std::unique_ptr<ResolvedTable>> ResolvedTable::map(int fd, Access access) {
  struct stat facts = {};
  if (::fstat(fd, &facts) != 0 || facts.st_size != sizeof(Layout)) {
    return base::fail("the table of resolved names has not the size expected");
  }
  int protection = access == Access::write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = ::mmap(nullptr, sizeof(Layout), protection, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    return base::fail(base::os_failure("cannot map the table of resolved names", errno));
  }
  return std::unique_ptr<ResolvedTable>(
      new ResolvedTable(static_cast<Layout*>(at), access, base::UniqueFd()));
}

ResolvedTable::~ResolvedTable() {
  ::munmap(layout_, sizeof(Layout));
}

uint32_t ResolvedTable::version(uint32_t index) const {
  RW_ASSERT(index < base::backends_max);
  return layout_->places[index].version.load(std::memory_order_acquire);
}

bool ResolvedTable::read(uint32_t index, std::string_view host, uint16_t port,
                         Resolved& out) const {
  RW_ASSERT(index < base::backends_max);
  const Place& place = layout_->places[index];
  uint32_t version = place.version.load(std::memory_order_acquire);
  if (version % 2 != 0) return false;
  uint64_t name = place.name.load(std::memory_order_relaxed);
  uint32_t count = place.count.load(std::memory_order_relaxed);
  if (count > base::addresses_max) return false;
  Words words[base::addresses_max];
  for (uint32_t i = 0; i < count; ++i) {
    words[i].high = place.addresses[i].high.load(std::memory_order_relaxed);
    words[i].low = place.addresses[i].low.load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (place.version.load(std::memory_order_relaxed) != version) return false;
  if (name != hash_of(host)) return false;
  out.version = version;
  out.count = count;
  for (uint32_t i = 0; i < count; ++i) out.addresses[i] = to_address(words[i], port);
  return true;
}

void ResolvedTable::write(uint32_t index, std::string_view host,
                          std::span<const base::Address> addresses) {
  RW_ASSERT(writable());
  RW_ASSERT(index < base::backends_max);
  Place& place = layout_->places[index];
  Writing writing(place);
  uint32_t count = 0;
  for (const base::Address& address : addresses) {
    Words words;
    if (count == base::addresses_max || !to_words(address, words)) continue;
    place.addresses[count].high.store(words.high, std::memory_order_relaxed);
    place.addresses[count].low.store(words.low, std::memory_order_relaxed);
    ++count;
  }
  place.name.store(hash_of(host), std::memory_order_relaxed);
  place.count.store(count, std::memory_order_relaxed);
}

void ResolvedTable::clear(uint32_t index) {
  RW_ASSERT(writable());
  RW_ASSERT(index < base::backends_max);
  Place& place = layout_->places[index];
  Writing writing(place);
  place.name.store(0, std::memory_order_relaxed);
  place.count.store(0, std::memory_order_relaxed);
}

}  // namespace ringwall::upstream
