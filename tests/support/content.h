// Content that proves itself: what the test origin sends, what files for a static origin hold, and
// what the load generator checks.
//
// Content is a row of cells of 16 bytes: eight hexadecimal digits of the object's seed and eight of
// the cell's position. So a byte of another object, a piece in the wrong place and a lost or
// doubled piece all show, and where they came from can be read off. tests/scenario/harness.py makes
// the same content. The size of an object stands in its path ("/b/SIZE/…"). Free functions, no
// state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace ringwall::support {

/// FNV-1a of the path without query: the seed of its content.
inline uint32_t content_seed(std::string_view path) {
  uint32_t hash = 2166136261u;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

/// The content of one object, at any offset.
class Content {
 public:
  explicit Content(uint32_t seed) { put_hex(cell_.data(), seed); }

  /// Writes the bytes [offset, offset + length) of the content to `out`.
  void fill(uint64_t offset, char* out, size_t length) {
    while (length > 0) {
      const size_t within = offset % 16;
      const size_t n = length < 16 - within ? length : 16 - within;
      put_hex(cell_.data() + 8, static_cast<uint32_t>(offset / 16));
      std::memcpy(out, cell_.data() + within, n);
      out += n;
      offset += n;
      length -= n;
    }
  }

  /// How many of the bytes at `offset` are the content's, up to the first that is not.
  size_t matching(uint64_t offset, std::string_view bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
      const size_t within = (offset + done) % 16;
      const size_t rest = bytes.size() - done;
      const size_t n = rest < 16 - within ? rest : 16 - within;
      put_hex(cell_.data() + 8, static_cast<uint32_t>((offset + done) / 16));
      if (std::memcmp(bytes.data() + done, cell_.data() + within, n) != 0) {
        while (bytes[done] == cell_[(offset + done) % 16]) ++done;
        return done;
      }
      done += n;
    }
    return done;
  }

 private:
  static void put_hex(char* out, uint32_t value) {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 7; i >= 0; --i, value >>= 4) out[i] = digits[value & 15];
  }
  std::array<char, 16> cell_{};
};

/// The size that a path "/b/SIZE" or "/b/SIZE/…" names.
inline std::optional<uint64_t> content_size(std::string_view path) {
  if (!path.starts_with("/b/")) return std::nullopt;
  path.remove_prefix(3);
  path = path.substr(0, path.find_first_of("/?"));
  if (path.empty() || path.size() > 12) return std::nullopt;
  uint64_t size = 0;
  for (const char c : path) {
    if (c < '0' || c > '9') return std::nullopt;
    size = size * 10 + static_cast<uint64_t>(c - '0');
  }
  return size;
}

}  // namespace ringwall::support
