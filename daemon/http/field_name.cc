#include "daemon/http/field_name.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "daemon/base/assert.h"

namespace ringwall::http {
namespace {

constexpr std::array<std::string_view, field_names> texts = {
    "",
    "Host",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Upgrade",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Authentication-Info",
    "HTTP2-Settings",
    "Expect",
    "Via",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Real-IP",
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "Cache-Control",
    "CDN-Cache-Control",
    "Cache-Status",
    "Cache-Groups",
    "Cache-Group-Invalidation",
    "Pragma",
    "Age",
    "Date",
    "Expires",
    "ETag",
    "Last-Modified",
    "Vary",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
    "Content-Range",
    "Accept-Ranges",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Location",
    "Server",
    "User-Agent",
    "Referer",
    "Origin",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Retry-After",
    "Allow",
    "Max-Forwards",
    "Warning",
    "WWW-Authenticate",
};
static_assert(texts.back() == "WWW-Authenticate", "one text a name, in the order of the enum");

constexpr size_t slot_bytes = 32;
constexpr size_t longest() {
  size_t most = 0;
  for (std::string_view text : texts) most = text.size() > most ? text.size() : most;
  return most;
}
static_assert(longest() <= slot_bytes);

// A hash of length and three characters that is perfect over our names: one candidate a lookup, and
// it is compared in full. The multiplier was searched for; the build fails when a new name collides
// with an old one, then search again.
constexpr uint32_t multiplier = 0x1250958d;

constexpr unsigned slot_of(std::string_view name) {
  size_t n = name.size();
  auto at = [name](size_t i) { return static_cast<uint32_t>(name[i] & 0x7f) | 0x20; };
  uint32_t key = static_cast<uint32_t>(n) | at(0) << 8 | at(n * 3 / 4) << 16 | at(n - 1) << 24;
  return key * multiplier >> 24;
}

struct Tables {
  std::array<uint8_t, 256> candidate = {};
  // The name in lower case, and 0x20 where it has a letter: the bit that case may differ in.
  std::array<std::array<char, slot_bytes>, field_names> lower = {};
  std::array<std::array<char, slot_bytes>, field_names> case_bits = {};
  bool perfect = true;
};

constexpr Tables build() {
  Tables tables;
  for (size_t name = 1; name < field_names; ++name) {
    std::string_view text = texts[name];
    unsigned slot = slot_of(text);
    if (tables.candidate[slot] != 0) tables.perfect = false;
    tables.candidate[slot] = static_cast<uint8_t>(name);
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      bool upper = c >= 'A' && c <= 'Z';
      bool letter = upper || (c >= 'a' && c <= 'z');
      tables.lower[name][i] = static_cast<char>(upper ? c | 0x20 : c);
      tables.case_bits[name][i] = letter ? 0x20 : 0;
    }
  }
  return tables;
}

constexpr Tables tables = build();
static_assert(tables.perfect);

template <class Word>
bool words_equal(const char* a, const char* lower, const char* case_bits) {
  Word x, y, bits;
  std::memcpy(&x, a, sizeof(Word));
  std::memcpy(&y, lower, sizeof(Word));
  std::memcpy(&bits, case_bits, sizeof(Word));
  return static_cast<Word>((x ^ y) & ~bits) == 0;
}

// Compares in words of 8, the last one overlapping the one before.
template <class Word>
bool equal(const char* a, size_t n, const char* lower, const char* case_bits) {
  size_t at = 0;
  for (; at + sizeof(Word) < n; at += sizeof(Word)) {
    if (!words_equal<Word>(a + at, lower + at, case_bits + at)) return false;
  }
  at = n - sizeof(Word);
  return words_equal<Word>(a + at, lower + at, case_bits + at);
}

}  // namespace

FieldName recognise(std::string_view name) {
  size_t n = name.size();
  if (n < 2 || n > slot_bytes) return FieldName::other;
  size_t candidate = tables.candidate[slot_of(name)];
  if (texts[candidate].size() != n) return FieldName::other;
  const char* lower = tables.lower[candidate].data();
  const char* case_bits = tables.case_bits[candidate].data();
  bool same = n >= 8   ? equal<uint64_t>(name.data(), n, lower, case_bits)
              : n >= 4 ? equal<uint32_t>(name.data(), n, lower, case_bits)
                       : equal<uint16_t>(name.data(), n, lower, case_bits);
  return same ? static_cast<FieldName>(candidate) : FieldName::other;
}

std::string_view text_of(FieldName name) {
  RW_ASSERT(name != FieldName::other && name < FieldName::count_);
  return texts[static_cast<size_t>(name)];
}

}  // namespace ringwall::http
