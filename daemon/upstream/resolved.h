// ResolvedTable: the addresses of named backends, in a small segment of its own (a memfd that the
// master makes). One writer, the prober; workers read without locks and never wait.
//
// A place belongs to a backend by its registry index, and says whose name it answers, so that an
// index that now means another backend gives no stale address. Each place is a sequence lock: the
// version is odd while the prober writes. A prober that dies in the middle leaves it odd; readers
// keep what they had, and the next writer empties the place when it attaches.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "daemon/base/address.h"
#include "daemon/base/limits.h"
#include "daemon/base/result.h"
#include "daemon/base/unique_fd.h"

namespace ringwall::upstream {

/// Addresses of one name, as of one version.
struct Resolved {
  uint32_t version = 0;
  uint32_t count = 0;
  std::array<base::Address, base::addresses_max> addresses;  // the first `count`

  std::span<const base::Address> all() const { return {addresses.data(), count}; }
};

class ResolvedTable {
 public:
  enum class Access { read, write };

  /// Makes an empty one, writable here, sealed against growing and shrinking.
  static base::Result<std::unique_ptr<ResolvedTable>> create();
  /// Maps the one behind `fd`, which stays the caller's.
  static base::Result<std::unique_ptr<ResolvedTable>> attach(int fd, Access access);
  ResolvedTable(const ResolvedTable&) = delete;
  ResolvedTable& operator=(const ResolvedTable&) = delete;
  ~ResolvedTable();

  /// To hand to a child; -1 for an attached one.
  int fd() const { return fd_.get(); }
  bool writable() const { return access_ == Access::write; }

  /// One load; whoever has read this version need not read again. Requires: index < backends_max.
  uint32_t version(uint32_t index) const;
  /// The addresses of `host` with `port`; false, and `out` unchanged, when the place is another's
  /// or is being written.
  bool read(uint32_t index, std::string_view host, uint16_t port, Resolved& out) const;

  /// IPv4 and IPv6 addresses; the first addresses_max are kept, ports are not.
  /// Requires here and below: writable().
  void write(uint32_t index, std::string_view host, std::span<const base::Address> addresses);
  void clear(uint32_t index);

 private:
  struct Layout;
  ResolvedTable(Layout* layout, Access access, base::UniqueFd fd)
      : layout_(layout), access_(access), fd_(std::move(fd)) {}
  static base::Result<std::unique_ptr<ResolvedTable>> map(int fd, Access access);

  Layout* layout_;
  Access access_;
  base::UniqueFd fd_;
};

}  // namespace ringwall::upstream
