#include "daemon/route/path.h"

#include <cstring>

#include "daemon/base/text.h"

namespace ringwall::route {
namespace {

int hex_value(char c) {
  if (base::is_digit(c)) return c - '0';
  char lower = base::ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  char lower = base::ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || base::is_digit(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

/// Whether a segment "." or ".." begins behind some slash.
bool has_dot_segment(std::string_view path) {
  const char* end = path.data() + path.size();
  const char* at = path.data() + 1;
  for (; at < end; ++at) {
    at = static_cast<const char*>(std::memchr(at, '.', static_cast<size_t>(end - at)));
    if (at == nullptr) return false;
    if (at[-1] != '/') continue;
    const char* behind = at + 1;
    if (behind < end && *behind == '.') ++behind;
    if (behind == end || *behind == '/') return true;
  }
  return false;
}

/// Copies `in` with its percent-encodings in their normal form; the length, or an error.
PathError decode(std::string_view in, char* room, size_t& length) {
  constexpr char digits[] = "0123456789ABCDEF";
  char* out = room;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '%') {
      *out++ = in[i];
      continue;
    }
    if (in.size() - i < 3) return PathError::percent_encoding;
    int high = hex_value(in[i + 1]);
    int low = hex_value(in[i + 2]);
    if (high < 0 || low < 0) return PathError::percent_encoding;
    auto byte = static_cast<char>(high * 16 + low);
    if (byte == '\0') return PathError::encoded_nul;
    if (is_unreserved(byte)) {
      *out++ = byte;
    } else {
      *out++ = '%';
      *out++ = digits[high];
      *out++ = digits[low];
    }
    i += 2;
  }
  length = static_cast<size_t>(out - room);
  return PathError::none;
}

/// RFC 3986 section 5.2.4 in place, on a path that begins with "/"; the new length.
size_t remove_dot_segments(char* path, size_t length) {
  size_t out = 0;  // path[0, out) is done and holds whole "/segment"s
  size_t in = 0;   // path[in] is the slash before the next segment
  while (in < length) {
    size_t end = in + 1;
    while (end < length && path[end] != '/') ++end;
    std::string_view segment(path + in + 1, end - in - 1);
    bool one = segment == ".";
    bool two = segment == "..";
    if (two) {
      while (out > 0 && path[--out] != '/') {
      }
    }
    if (!one && !two) {
      std::memmove(path + out, path + in, end - in);
      out += end - in;
    } else if (end == length) {
      path[out++] = '/';  // "/a/." and "/a/b/.." end as directories
    }
    in = end;
  }
  return out;
}

}  // namespace

NormalPath normalise_path(std::string_view in, char* room) {
  if (!in.starts_with('/')) return {in};
  bool encoded = std::memchr(in.data(), '%', in.size()) != nullptr;
  if (!encoded && !has_dot_segment(in)) return {in};
  size_t length = 0;
  PathError error = decode(in, room, length);
  if (error != PathError::none) return {{}, error};
  if (has_dot_segment({room, length})) length = remove_dot_segments(room, length);
  std::string_view out(room, length);
  return {out == in ? in : out};
}

}  // namespace ringwall::route
