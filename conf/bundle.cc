#include "conf/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string_view>

namespace ringwall::conf {
namespace {

// The digit goes up whenever the layout below changes.
constexpr std::string_view magic = "ringwall bundle 1\n";
constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr off_t bundle_bytes_max = off_t{1} << 30;

void put_number(std::string& out, uint64_t number) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(bytes));
}

void put_string(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

std::string encode(const Bundle& bundle) {
  std::string out(magic);
  put_string(out, bundle.entry);
  put_number(out, bundle.cpus);
  put_number(out, bundle.files.size());
  for (const auto& [path, bytes] : bundle.files) {
    put_string(out, path);
    put_string(out, bytes);
  }
  put_number(out, bundle.globbed.size());
  for (const auto& [pattern, paths] : bundle.globbed) {
    put_string(out, pattern);
    put_number(out, paths.size());
    for (const std::string& path : paths) put_string(out, path);
  }
  return out;
}

/// Takes values from the front of the text; `damaged` once something is missing.
class Decoder {
 public:
  explicit Decoder(std::string_view text) : rest_(text) {}

  uint64_t number() {
    uint64_t value = 0;
    if (rest_.size() < sizeof(value)) return stop();
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  std::string string() {
    uint64_t size = number();
    if (size > rest_.size()) return stop(), std::string();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  bool damaged() const { return damaged_; }
  bool at_end() const { return rest_.empty(); }

 private:
  uint64_t stop() {
    damaged_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool damaged_ = false;
};

std::optional<Bundle> decode(std::string_view text) {
  if (!text.starts_with(magic)) return std::nullopt;
  Decoder in(text.substr(magic.size()));
  Bundle bundle;
  bundle.entry = in.string();
  bundle.cpus = static_cast<unsigned>(in.number());
  for (uint64_t left = in.number(); left > 0 && !in.damaged(); --left) {
    std::string path = in.string();
    bundle.files[path] = in.string();
  }
  for (uint64_t left = in.number(); left > 0 && !in.damaged(); --left) {
    std::vector<std::string>& paths = bundle.globbed[in.string()];
    for (uint64_t more = in.number(); more > 0 && !in.damaged(); --more) {
      paths.push_back(in.string());
    }
  }
  if (in.damaged() || !in.at_end()) return std::nullopt;
  return bundle;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

base::Result<std::string> Bundle::read(const std::string& path) {
  auto found = files.find(path);
  if (found == files.end()) return base::fail("is not in the bundle");
  return found->second;
}

base::Result<std::vector<std::string>> Bundle::glob(const std::string& pattern) {
  auto found = globbed.find(pattern);
  if (found == globbed.end()) return base::fail("is not in the bundle");
  return found->second;
}

base::Result<base::UniqueFd> write_bundle(const Bundle& bundle) {
  base::UniqueFd fd(memfd_create("ringwall-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return base::fail(base::os_failure("no memory file for the config", errno));
  if (!write_all(fd.get(), encode(bundle))) {
    return base::fail(base::os_failure("the config's memory file cannot be written", errno));
  }
  if (fcntl(fd.get(), F_ADD_SEALS, all_seals) != 0) {
    return base::fail(base::os_failure("the config's memory file cannot be sealed", errno));
  }
  return fd;
}

base::Result<Bundle> read_bundle(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & all_seals) != all_seals) return base::fail("not a sealed bundle");
  struct stat status = {};
  if (fstat(fd, &status) != 0) return base::fail(base::os_failure("bundle", errno));
  if (status.st_size > bundle_bytes_max) return base::fail("the bundle is larger than 1 GiB");
  std::string text(static_cast<size_t>(status.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    ssize_t n = pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return base::fail(base::os_failure("the bundle cannot be read", errno));
    have += static_cast<size_t>(n);
  }
  auto bundle = decode(text);
  if (!bundle) return base::fail("the bundle is damaged or of another release");
  return std::move(*bundle);
}

}  // namespace ringwall::conf
