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

/// The byte that the encoding at the start of `text` stands for, or -1 where there is none.
int encoded_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  int high = hex_value(text[1]);
  int low = hex_value(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Writes a byte that was percent-encoded in its normal form; the position behind it.
char* put_normal(int byte, char* out) {
  constexpr char digits[] = "0123456789ABCDEF";
  if (is_unreserved(static_cast<char>(byte))) {
    *out++ = static_cast<char>(byte);
    return out;
  }
  *out++ = '%';
  *out++ = digits[byte / 16];
  *out++ = digits[byte % 16];
  return out;
}

/// Whether each "%" begins an encoding.
bool is_encoded_well(std::string_view in) {
  for (size_t at = in.find('%'); at != std::string_view::npos; at = in.find('%', at + 1)) {
    if (encoded_byte(in.substr(at)) < 0) return false;
  }
  return true;
}

bool has_nul(std::string_view in) {
  return in.find('\0') != std::string_view::npos || in.find("%00") != std::string_view::npos;
}

/// Copies `in` with its percent-encodings in their normal form; the length. Requires:
/// is_encoded_well(in).
size_t decode(std::string_view in, char* room) {
  char* out = room;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '%') {
      *out++ = in[i];
      continue;
    }
    out = put_normal(encoded_byte(in.substr(i)), out);
    i += 2;
  }
  return static_cast<size_t>(out - room);
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
  if (!is_encoded_well(in)) return {{}, PathError::percent_encoding};
  if (has_nul(in)) return {{}, PathError::encoded_nul};
  bool encoded = in.find('%') != std::string_view::npos;
  if (!encoded && !has_dot_segment(in)) return {in};
  size_t length = decode(in, room);
  if (has_dot_segment({room, length})) length = remove_dot_segments(room, length);
  std::string_view out(room, length);
  return {out == in ? in : out};
}

size_t normalise_encoding(std::string_view in, char* out) {
  if (is_encoded_well(in)) return decode(in, out);
  std::memmove(out, in.data(), in.size());
  return in.size();
}

}  // namespace ringwall::route
