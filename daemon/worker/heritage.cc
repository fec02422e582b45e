#include "daemon/worker/heritage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "daemon/base/text.h"
#include "daemon/base/wire.h"

namespace ringwall::worker {
namespace {

constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr off_t heritage_bytes_max = 1 << 20;

void put(base::Writer& out, const Identity& identity) {
  out.number(identity.uid);
  out.number(identity.gid);
  out.number(identity.groups.size());
  for (gid_t group : identity.groups) out.number(group);
}

Identity get_identity(base::Reader& in) {
  Identity identity;
  identity.uid = static_cast<uid_t>(in.number());
  identity.gid = static_cast<gid_t>(in.number());
  for (uint64_t left = in.count(); left > 0 && !in.damaged(); --left) {
    identity.groups.push_back(static_cast<gid_t>(in.number()));
  }
  return identity;
}

void put(base::Writer& out, const InheritedListener& listener) {
  out.number(listener.id);
  out.signed_number(listener.fd);
  out.string(std::string_view(reinterpret_cast<const char*>(listener.address.data()),
                              listener.address.size()));
  out.number(listener.ipv6_only ? 1 : 0);
}

InheritedListener get_listener(base::Reader& in) {
  InheritedListener listener;
  listener.id = in.number();
  listener.fd = static_cast<int>(in.signed_number());
  std::string address = in.string();
  if (!address.empty() && address.size() <= sizeof(sockaddr_un)) {
    listener.address = base::Address(reinterpret_cast<const sockaddr*>(address.data()),
                                     static_cast<socklen_t>(address.size()));
  }
  listener.ipv6_only = in.number() != 0;
  return listener;
}

void put(base::Writer& out, const Heritage::Takeover& takeover) {
  out.signed_number(takeover.control);
  out.string(takeover.control_path);
  out.number(takeover.next_listener_id);
  out.number(takeover.cache_layout);
  out.number(takeover.cache_size_max);
  out.number(takeover.literal_lru ? 1 : 0);
  out.number(takeover.huge_pages ? 1 : 0);
  out.number(takeover.stats_layout);
  out.number(takeover.slots.size());
  for (uint64_t slot : takeover.slots) out.number(slot);
}

Heritage::Takeover get_takeover(base::Reader& in) {
  Heritage::Takeover takeover;
  takeover.control = static_cast<int>(in.signed_number());
  takeover.control_path = in.string();
  takeover.next_listener_id = in.number();
  takeover.cache_layout = in.number();
  takeover.cache_size_max = in.number();
  takeover.literal_lru = in.number() != 0;
  takeover.huge_pages = in.number() != 0;
  takeover.stats_layout = in.number();
  for (uint64_t left = in.count(); left > 0 && !in.damaged(); --left) {
    takeover.slots.push_back(in.number());
  }
  return takeover;
}

std::string encode(const Heritage& heritage) {
  base::Writer out;
  out.number(heritage_version);
  out.number(static_cast<uint64_t>(heritage.kind));
  out.number(heritage.generation);
  out.number(heritage.slot);
  for (int fd : {heritage.bundle, heritage.link, heritage.cache, heritage.stats, heritage.resolved,
                 heritage.access_log, heritage.error_log}) {
    out.signed_number(fd);
  }
  out.number(static_cast<uint64_t>(heritage.level));
  out.number(heritage.provisional ? 1 : 0);
  out.number(heritage.identity ? 1 : 0);
  if (heritage.identity) put(out, *heritage.identity);
  out.number(heritage.listeners.size());
  for (const InheritedListener& listener : heritage.listeners) put(out, listener);
  for (int fd : heritage.doorbells) out.signed_number(fd);
  out.number(heritage.takeover ? 1 : 0);
  if (heritage.takeover) put(out, *heritage.takeover);
  return out.take();
}

std::optional<Heritage> decode(std::string_view bytes) {
  base::Reader in(bytes);
  if (in.number() != heritage_version) return std::nullopt;
  Heritage heritage;
  heritage.kind = static_cast<Kind>(in.number());
  heritage.generation = in.number();
  heritage.slot = static_cast<unsigned>(in.number());
  for (int* fd : {&heritage.bundle, &heritage.link, &heritage.cache, &heritage.stats,
                  &heritage.resolved, &heritage.access_log, &heritage.error_log}) {
    *fd = static_cast<int>(in.signed_number());
  }
  heritage.level = static_cast<base::LogLevel>(in.number());
  heritage.provisional = in.number() != 0;
  if (in.number() != 0) heritage.identity = get_identity(in);
  for (uint64_t left = in.count(); left > 0 && !in.damaged(); --left) {
    heritage.listeners.push_back(get_listener(in));
  }
  for (int& fd : heritage.doorbells) fd = static_cast<int>(in.signed_number());
  if (in.number() != 0) heritage.takeover = get_takeover(in);
  if (!in.complete() || heritage.slot >= base::slots_max) return std::nullopt;
  return heritage;
}

}  // namespace

std::vector<int> Heritage::descriptors() const {
  std::vector<int> out;
  auto add = [&](int fd) {
    if (fd >= 0) out.push_back(fd);
  };
  for (int fd : {bundle, link, cache, stats, resolved, access_log, error_log}) add(fd);
  for (const InheritedListener& listener : listeners) add(listener.fd);
  for (int fd : doorbells) add(fd);
  if (takeover) add(takeover->control);
  return out;
}

base::Result<base::UniqueFd> write_heritage(const Heritage& heritage) {
  base::UniqueFd fd(memfd_create("ringwall-heritage", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return base::fail(base::os_failure("no memory file for a child's heritage", errno));
  std::string bytes = encode(heritage);
  // A memfd takes all or has no memory; there is no short write to go on from.
  if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      fcntl(fd.get(), F_ADD_SEALS, all_seals) != 0) {
    return base::fail(base::os_failure("a child's heritage cannot be written", errno));
  }
  return fd;
}

base::Result<Heritage> read_heritage(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & all_seals) != all_seals) return base::fail("not a sealed heritage");
  struct stat status = {};
  if (fstat(fd, &status) != 0 || status.st_size > heritage_bytes_max) {
    return base::fail("the heritage is of no sensible size");
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  if (pread(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return base::fail(base::os_failure("the heritage cannot be read", errno));
  }
  auto heritage = decode(bytes);
  if (!heritage) return base::fail("the heritage is damaged or of another release");
  for (int inherited : heritage->descriptors()) {
    if (fcntl(inherited, F_SETFD, FD_CLOEXEC) != 0) {
      return base::fail(fmt::format("descriptor {} of the heritage is not there", inherited));
    }
  }
  return std::move(*heritage);
}

base::Result<std::optional<Heritage>> inherit() {
  const char* text = std::getenv(heritage_variable);
  if (text == nullptr) return std::optional<Heritage>();
  auto number = base::parse_decimal(text);
  unsetenv(heritage_variable);
  if (!number || *number > 1 << 20) return base::fail("RINGWALL_HERITAGE is no descriptor");
  base::UniqueFd fd(static_cast<int>(*number));
  auto heritage = read_heritage(fd.get());
  if (!heritage) return base::fail(std::move(heritage.error()));
  return std::optional<Heritage>(std::move(*heritage));
}

}  // namespace ringwall::worker
