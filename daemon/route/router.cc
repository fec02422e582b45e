#include "daemon/route/router.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "daemon/base/assert.h"
#include "daemon/base/limits.h"

namespace ringwall::route {
namespace {

static_assert(base::listeners_max <= 64, "listeners of a route are a mask of 64 bits");

// RFC 1035 section 2.3.4; a longer host can match no pattern.
constexpr size_t host_bytes_max = 255;
constexpr size_t labels_max = 128;
constexpr uint64_t every_byte = 0x0101010101010101;

/// A host name in lower case, with at least a word of zeros behind it, so that any suffix of it can
/// be read by the word.
struct LowerHost {
  char text[host_bytes_max + 1 + sizeof(uint64_t)];
  size_t length = 0;

  std::string_view view() const { return {text, length}; }
};

/// The capitals A to Z among eight bytes made small, the others left alone.
uint64_t lower_word(uint64_t word) {
  uint64_t seven_bits = word & (0x7f * every_byte);
  uint64_t from_a = seven_bits + (0x80 - 'A') * every_byte;
  uint64_t above_z = seven_bits + (0x7f - 'Z') * every_byte;
  uint64_t is_capital = (from_a ^ above_z) & ~word & (0x80 * every_byte);
  return word | (is_capital >> 2);
}

/// Requires: host.size() <= host_bytes_max.
void lower_host(std::string_view host, LowerHost& out) {
  size_t at = 0;
  uint64_t word = 0;
  for (; at + sizeof(word) <= host.size(); at += sizeof(word)) {
    std::memcpy(&word, host.data() + at, sizeof(word));
    word = lower_word(word);
    std::memcpy(out.text + at, &word, sizeof(word));
  }
  // The rest without a call of memcpy: the last whole word, shifted.
  size_t rest = host.size() - at;
  word = 0;
  if (rest > 0 && at > 0) {
    std::memcpy(&word, host.data() + host.size() - sizeof(word), sizeof(word));
    word >>= 8 * (sizeof(word) - rest);
  } else {
    for (size_t i = 0; i < rest; ++i) {
      word |= static_cast<uint64_t>(static_cast<uint8_t>(host[at + i])) << (8 * i);
    }
  }
  word = lower_word(word);
  std::memcpy(out.text + at, &word, sizeof(word));
  std::memset(out.text + at + sizeof(word), 0, sizeof(word));
  out.length = host.size();
}

/// Hash of a name that has zeros behind it up to a whole word. The table holds only names of the
/// config, so nobody outside can make it collide.
uint64_t hash_of(std::string_view name, bool wildcard) {
  uint64_t hash = name.size() * 2 + (wildcard ? 1 : 0);
  for (size_t at = 0; at < name.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, name.data() + at, sizeof(word));
    // Odd constants from the fractions of the square roots of 2 and 3.
    auto product =
        static_cast<unsigned __int128>(hash ^ word ^ 0x6a09e667f3bcc909) * 0xbb67ae8584caa73b;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  return hash;
}

/// How many characters two texts begin with in common.
size_t common_length(std::string_view a, std::string_view b) {
  size_t bound = std::min(a.size(), b.size());
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= bound; at += sizeof(uint64_t)) {
    uint64_t x = 0;
    uint64_t y = 0;
    std::memcpy(&x, a.data() + at, sizeof(x));
    std::memcpy(&y, b.data() + at, sizeof(y));
    static_assert(std::endian::native == std::endian::little);
    if (x != y) return at + static_cast<size_t>(std::countr_zero(x ^ y)) / 8;
  }
  while (at < bound && a[at] == b[at]) ++at;
  return at;
}

/// The first eight characters as a number that sorts as they do; zeros where there are fewer.
uint64_t key_of(std::string_view text) {
  uint64_t word = 0;
  if (text.size() >= sizeof(word)) {
    std::memcpy(&word, text.data(), sizeof(word));
    return __builtin_bswap64(word);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    word |= static_cast<uint64_t>(static_cast<uint8_t>(text[i])) << (56 - 8 * i);
  }
  return word;
}

uint64_t mask_of(const conf::Route& route) {
  if (route.listeners.empty()) return ~uint64_t{0};
  uint64_t mask = 0;
  for (uint32_t listener : route.listeners) {
    RW_ASSERT(listener < base::listeners_max);
    mask |= uint64_t{1} << listener;
  }
  return mask;
}

}  // namespace

Router::Router(const conf::Config& config) {
  std::map<std::string_view, std::vector<uint32_t>> by_host;
  for (uint32_t i = 0; i < config.routes.size(); ++i) {
    by_host[config.routes[i].host].push_back(i);
  }
  for (const auto& [pattern, routes] : by_host) add_host(config, pattern, routes);
  build_index();
}

uint32_t Router::add_text(std::string_view text) {
  auto offset = static_cast<uint32_t>(text_.size());
  text_.append(text);
  return offset;
}

void Router::add_host(const conf::Config& config, std::string_view pattern,
                      const std::vector<uint32_t>& routes) {
  bool wildcard = pattern.starts_with("*.");
  std::string_view written = wildcard ? pattern.substr(2) : pattern;
  RW_ASSERT(written.size() <= host_bytes_max);
  LowerHost name;
  lower_host(written, name);
  Host host{.hash = hash_of(name.view(), wildcard),
            .text = add_text(name.view()),
            .length = static_cast<uint32_t>(name.length),
            .first = static_cast<uint32_t>(paths_.size()),
            .last = 0,
            .shared = 0,
            .wildcard = wildcard};
  std::map<std::string_view, std::vector<uint32_t>> by_path;
  for (uint32_t i : routes) by_path[config.routes[i].path].push_back(i);
  for (auto& [path, here] : by_path) {
    // Routes that are bound to listeners come first, so that the first that fits is the right one.
    std::stable_sort(here.begin(), here.end(), [&](uint32_t a, uint32_t b) {
      return config.routes[a].listeners.empty() < config.routes[b].listeners.empty();
    });
    add_path(path, host.first);
    for (bool exact : {true, false}) {
      if (!exact) paths_.back().prefix = static_cast<uint32_t>(candidates_.size());
      for (uint32_t i : here) {
        const conf::Route& route = config.routes[i];
        if (route.path_exact == exact) candidates_.push_back({mask_of(route), i});
      }
    }
    paths_.back().end = static_cast<uint32_t>(candidates_.size());
  }
  host.last = static_cast<uint32_t>(paths_.size());
  build_keys(host);
  if (pattern.empty()) any_host_ = static_cast<uint32_t>(hosts_.size());
  hosts_.push_back(host);
}

/// Appends a path of the host whose paths begin at `host_first`. Requires: called in sorted order.
void Router::add_path(std::string_view path, uint32_t host_first) {
  // In sorted order the longest path that this one begins with is the one before or above it.
  uint32_t parent = paths_.size() > host_first ? static_cast<uint32_t>(paths_.size() - 1) : none;
  while (parent != none && !path.starts_with(text_at(paths_[parent].text, paths_[parent].length))) {
    parent = paths_[parent].parent;
  }
  RW_ASSERT(!path.empty());
  paths_.push_back({.text = add_text(path),
                    .length = static_cast<uint32_t>(path.size()),
                    .parent = parent,
                    .exact = static_cast<uint32_t>(candidates_.size()),
                    .prefix = 0,
                    .end = 0});
}

void Router::build_keys(Host& host) {
  auto path = [&](uint32_t i) { return text_at(paths_[i].text, paths_[i].length); };
  // In a sorted list what the first and the last have in common all have.
  host.shared = static_cast<uint32_t>(common_length(path(host.first), path(host.last - 1)));
  for (uint32_t i = host.first; i < host.last; ++i) {
    keys_.push_back(key_of(path(i).substr(host.shared)));
  }
}

void Router::build_index() {
  index_.assign(std::bit_ceil(hosts_.size() * 2 + 1), none);
  for (uint32_t i = 0; i < hosts_.size(); ++i) {
    const Host& host = hosts_[i];
    size_t slot = host.hash & (index_.size() - 1);
    while (index_[slot] != none) slot = (slot + 1) & (index_.size() - 1);
    index_[slot] = i;
    if (!host.wildcard) continue;
    std::string_view name = text_at(host.text, host.length);
    auto labels = static_cast<size_t>(std::count(name.begin(), name.end(), '.')) + 1;
    RW_ASSERT(labels < labels_max);
    wildcard_labels_[labels / 64] |= uint64_t{1} << (labels % 64);
  }
}

std::optional<uint32_t> Router::find(std::string_view host, std::string_view path,
                                     uint32_t listener) const {
  if (listener >= base::listeners_max) return std::nullopt;
  uint64_t bit = uint64_t{1} << listener;
  if (host.ends_with('.')) host.remove_suffix(1);
  uint32_t found = none;
  bool only_any = hosts_.size() == (any_host_ != none ? 1u : 0u);
  if (!only_any && !host.empty() && host.size() <= host_bytes_max) {
    LowerHost name;
    lower_host(host, name);
    found = find_named(name.view(), path, bit);
  }
  if (found == none && any_host_ != none) found = find_path(hosts_[any_host_], path, bit);
  if (found == none) return std::nullopt;
  return found;
}

/// Among the hosts with a name: the exact one, then wildcards by length of their suffix.
uint32_t Router::find_named(std::string_view name, std::string_view path, uint64_t listener) const {
  uint32_t host = find_host(name, false);
  uint32_t found = host == none ? none : find_path(hosts_[host], path, listener);
  if (found != none || (wildcard_labels_[0] | wildcard_labels_[1]) == 0) return found;
  // From the right, so that labels need no counting ahead; the last that fits is the longest.
  size_t labels = 1;
  for (size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = name.rfind('.', dot - 1), ++labels) {
    if (labels >= labels_max) break;
    if ((wildcard_labels_[labels / 64] >> (labels % 64) & 1) == 0) continue;
    host = find_host(name.substr(dot + 1), true);
    uint32_t route = host == none ? none : find_path(hosts_[host], path, listener);
    if (route != none) found = route;
  }
  return found;
}

/// Requires: `name` has zeros behind it up to a whole word.
uint32_t Router::find_host(std::string_view name, bool wildcard) const {
  uint64_t hash = hash_of(name, wildcard);
  for (size_t slot = hash;; ++slot) {
    uint32_t at = index_[slot & (index_.size() - 1)];
    if (at == none) return none;
    const Host& host = hosts_[at];
    if (host.hash != hash || host.wildcard != wildcard || host.length != name.size()) continue;
    if (common_length(text_at(host.text, host.length), name) == name.size()) {
      return at;
    }
  }
}

/// The last of the host's paths that is not greater than `path`, or none. Whatever path begins with
/// stands in the sorted list before it, and this one begins with it too: it or one of its parents.
/// If it does not begin with the shared part, any path of the host. Requires: it is as long.
uint32_t Router::nearest_path(const Host& host, std::string_view path) const {
  // Compared by keys, without a branch to mispredict: a third of the time of comparing texts.
  uint64_t key = key_of(path.substr(host.shared));
  const uint64_t* low = keys_.data() + host.first;
  for (size_t left = host.last - host.first; left > 1;) {
    size_t half = left / 2;
    low += low[half] <= key ? half : 0;
    left -= half;
  }
  auto at = static_cast<uint32_t>(low - keys_.data());
  if (keys_[at] < key) return at;
  if (keys_[at] > key) return none;
  // Of those with the same key the texts decide.
  auto first = std::lower_bound(keys_.begin() + host.first, keys_.begin() + at, key);
  auto after = std::upper_bound(
      paths_.begin() + (first - keys_.begin()), paths_.begin() + at + 1, path,
      [&](std::string_view wanted, const Path& p) { return wanted < text_at(p.text, p.length); });
  auto count = static_cast<uint32_t>(after - paths_.begin());
  return count == host.first ? none : count - 1;
}

uint32_t Router::find_path(const Host& host, std::string_view path, uint64_t listener) const {
  if (path.size() < host.shared) return none;
  uint32_t at = nearest_path(host, path);
  if (at == none) return none;
  // If `path` does not begin with the shared part, this is less than any path's length.
  size_t common = common_length(text_at(paths_[at].text, paths_[at].length), path);
  for (; at != none; at = paths_[at].parent) {
    const Path& entry = paths_[at];
    if (entry.length > common) continue;
    uint32_t found = none;
    if (entry.length == path.size()) found = pick(entry.exact, entry.prefix, listener);
    bool at_segment = entry.length == path.size() || path[entry.length] == '/' ||
                      text_[entry.text + entry.length - 1] == '/';
    if (found == none && at_segment) found = pick(entry.prefix, entry.end, listener);
    if (found != none) return found;
  }
  return none;
}

/// The first of candidates_[first, last) that is for the listener.
uint32_t Router::pick(uint32_t first, uint32_t last, uint64_t listener) const {
  for (; first < last; ++first) {
    if ((candidates_[first].listeners & listener) != 0) return candidates_[first].route;
  }
  return none;
}

}  // namespace ringwall::route
