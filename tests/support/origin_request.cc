#include "tests/support/origin_request.h"

#include <strings.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>

namespace ringwall::support {
namespace {

constexpr size_t head_bytes_max = 1 << 20;

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

uint32_t crc32(uint32_t crc, std::string_view bytes) {
  static constexpr auto table = crc_table();
  crc = ~crc;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 255] ^ (crc >> 8);
  return ~crc;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

void parse_target(Request& request) {
  std::string_view rest = request.target;
  if (const size_t scheme = rest.find("://"); scheme != rest.npos && !rest.starts_with('/')) {
    const size_t slash = rest.find('/', scheme + 3);
    rest = slash == rest.npos ? "/" : rest.substr(slash);
  }
  const size_t mark = rest.find('?');
  request.path = rest.substr(0, mark);
  if (mark == rest.npos) return;
  rest.remove_prefix(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : pair.size());
    const size_t equals = pair.find('=');
    const std::string_view value = equals == pair.npos ? "1" : pair.substr(equals + 1);
    request.options.emplace(percent_decoded(pair.substr(0, equals)), percent_decoded(value));
  }
}

void parse_head(Request& request) {
  std::string_view rest = request.head;
  const std::string_view line = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(line.size() + 2);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  request.method = line.substr(0, first);
  if (first != line.npos && last > first) {
    request.target = line.substr(first + 1, last - first - 1);
    request.version = line.substr(last + 1);
  }
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    const std::string_view field = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(field.size() + 2);
    const size_t colon = field.find(':');
    if (colon == field.npos) continue;
    std::string_view value = field.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.fields.emplace_back(field.substr(0, colon), value);
  }
  parse_target(request);
}

}  // namespace

std::string_view Request::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::string Request::values(std::string_view name) const {
  std::string all;
  bool first = true;
  for (const auto& [key, value] : fields) {
    if (!same_name(key, name)) continue;
    if (!first) all += ", ";
    all += value;
    first = false;
  }
  return all;
}

std::string Request::option(const std::string& name, const std::string& otherwise) const {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

uint64_t Request::number(const std::string& name, uint64_t otherwise) const {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
}

bool Input::more() {
  std::array<char, 65536> bytes;
  const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<size_t>(n));
  return true;
}

bool Input::read_head(Request& request) {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
    if (buffer_.size() > head_bytes_max || !more()) return false;
  }
  request.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  parse_head(request);
  return true;
}

bool Input::take_line(std::string& line) {
  size_t end = 0;
  while ((end = buffer_.find("\r\n")) == buffer_.npos) {
    if (buffer_.size() > head_bytes_max || !more()) return false;
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool Input::take(Request& request, uint64_t n) {
  while (n > 0) {
    if (buffer_.empty() && !more()) return false;
    const std::string_view piece = std::string_view(buffer_).substr(0, n);
    request.body_crc = crc32(request.body_crc, piece);
    request.body_size += piece.size();
    n -= piece.size();
    buffer_.erase(0, piece.size());
  }
  return true;
}

bool Input::read_body(Request& request) {
  if (request.body_read) return request.body_whole;
  request.body_read = true;
  if (request.field("transfer-encoding").empty()) {
    const std::string length(request.field("content-length"));
    return request.body_whole = take(request, std::strtoull(length.c_str(), nullptr, 10));
  }
  std::string line;
  for (;;) {
    if (!take_line(line)) return false;
    const uint64_t size = std::strtoull(line.c_str(), nullptr, 16);
    if (size == 0) break;
    if (!take(request, size) || !take_line(line)) return false;
  }
  while (take_line(line)) {
    if (line.empty()) return request.body_whole = true;
    request.trailers += line + "\n";
  }
  return false;
}

void Input::read_to_end() {
  do {
    buffer_.clear();
  } while (more());
}

}  // namespace ringwall::support
