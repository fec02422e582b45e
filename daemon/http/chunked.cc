#include "daemon/http/chunked.h"

#include <algorithm>
#include <cstring>

#include "daemon/base/assert.h"
#include "daemon/base/text.h"
#include "daemon/http/grammar.h"
#include "daemon/http/scan.h"

namespace ringwall::http {
namespace {

// Sizes stay below this, so that sums of them cannot overflow.
constexpr uint64_t size_max = uint64_t{1} << 56;
// Extensions carry nothing for us; more of them than this is an attack (a byte a chunk costs us far
// more than the sender).
constexpr uint64_t extension_bytes_max = 16384;

int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  unsigned char lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// RFC 9110 section 6.5.1: not what frames, routes, modifies or authenticates a request, controls
// caching or tells how to read the content, and nothing about the connection.
constexpr FieldMask forbidden = {FieldName::host,
                                 FieldName::connection,
                                 FieldName::content_length,
                                 FieldName::transfer_encoding,
                                 FieldName::te,
                                 FieldName::trailer,
                                 FieldName::upgrade,
                                 FieldName::keep_alive,
                                 FieldName::proxy_connection,
                                 FieldName::proxy_authenticate,
                                 FieldName::proxy_authorization,
                                 FieldName::proxy_authentication_info,
                                 FieldName::http2_settings,
                                 FieldName::expect,
                                 FieldName::via,
                                 FieldName::forwarded,
                                 FieldName::x_forwarded_for,
                                 FieldName::x_forwarded_proto,
                                 FieldName::x_forwarded_host,
                                 FieldName::x_forwarded_port,
                                 FieldName::x_real_ip,
                                 FieldName::authorization,
                                 FieldName::www_authenticate,
                                 FieldName::cookie,
                                 FieldName::set_cookie,
                                 FieldName::cache_control,
                                 FieldName::cdn_cache_control,
                                 FieldName::cache_status,
                                 FieldName::cache_groups,
                                 FieldName::cache_group_invalidation,
                                 FieldName::pragma,
                                 FieldName::age,
                                 FieldName::date,
                                 FieldName::expires,
                                 FieldName::vary,
                                 FieldName::warning,
                                 FieldName::if_match,
                                 FieldName::if_none_match,
                                 FieldName::if_modified_since,
                                 FieldName::if_unmodified_since,
                                 FieldName::if_range,
                                 FieldName::range,
                                 FieldName::content_range,
                                 FieldName::content_type,
                                 FieldName::content_encoding,
                                 FieldName::location,
                                 FieldName::retry_after,
                                 FieldName::max_forwards};

}  // namespace

bool allowed_in_trailers(FieldName name) {
  return !forbidden.has(name);
}

ChunkDecoder::Step ChunkDecoder::fail(const char* reason) {
  at_ = At::broken;
  Step step;
  step.state = State::malformed;
  step.reason = reason;
  return step;
}

const char* ChunkDecoder::line_byte(unsigned char c) {
  switch (at_) {
    case At::size_begin:
    case At::size:
      return size_byte(c);
    case At::size_blank:
      if (c == ' ' || c == '\t') break;
      if (c != ';') return "malformed chunk size";
      at_ = At::extension;
      break;
    case At::extension:
    case At::quoted:
    case At::quoted_pair:
      return extension_byte(c);
    case At::size_lf:
      if (c != '\n') return "bare CR in a chunk line";
      line_bytes_ = 0;
      at_ = left_ == 0 ? At::trailer : At::content;
      break;
    case At::content_cr:
      if (c != '\r') return "chunk longer than its size";
      at_ = At::content_lf;
      break;
    case At::content_lf:
      if (c != '\n') return "bare CR behind a chunk";
      at_ = At::size_begin;
      break;
    default:
      RW_ASSERT(false);
  }
  return nullptr;
}

const char* ChunkDecoder::size_byte(unsigned char c) {
  int digit = hex_value(c);
  if (digit >= 0) {
    if (at_ == At::size_begin) left_ = 0;
    if (left_ >= size_max / 16) return "chunk size too large";
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    at_ = At::size;
    return nullptr;
  }
  if (at_ == At::size_begin) return "malformed chunk size";
  if (c == '\r') {
    at_ = At::size_lf;
  } else if (c == ';') {
    at_ = At::extension;
  } else if (c == ' ' || c == '\t') {
    at_ = At::size_blank;
  } else {
    return "malformed chunk size";
  }
  return nullptr;
}

const char* ChunkDecoder::extension_byte(unsigned char c) {
  if (++extension_bytes_ > extension_bytes_max) return "too many chunk extensions";
  // Quoted values are followed so that a CR in one is seen as what it is: forbidden there too.
  if (c == '\r' && at_ == At::extension) {
    at_ = At::size_lf;
    return nullptr;
  }
  if (scan_detail::not_value(static_cast<char>(c))) return "control character in a chunk extension";
  if (at_ == At::quoted_pair) {
    at_ = At::quoted;
  } else if (at_ == At::quoted) {
    if (c == '"') at_ = At::extension;
    if (c == '\\') at_ = At::quoted_pair;
  } else if (c == '"') {
    at_ = At::quoted;
  }
  return nullptr;
}

/// Trailer lines are kept as they come until the empty one, then checked together: hardly any come.
ChunkDecoder::Step ChunkDecoder::take_trailers(std::string_view bytes) {
  Step step;
  size_t at = 0;
  while (at < bytes.size()) {
    const void* lf = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    size_t end = lf == nullptr
                     ? bytes.size()
                     : static_cast<size_t>(static_cast<const char*>(lf) - bytes.data()) + 1;
    if (trailers_.size() + (end - at) > base::trailer_bytes_max) {
      return fail("trailer section too large");
    }
    trailers_.append(bytes.data() + at, end - at);
    at = end;
    if (lf == nullptr) break;
    if (!trailers_.ends_with("\r\n")) return fail("bare LF in the trailer section");
    if (trailers_.size() > 2 && !trailers_.ends_with("\r\n\r\n")) continue;
    const char* wrong = keep_allowed_trailers();
    if (wrong != nullptr) return fail(wrong);
    at_ = At::end;
    step.state = State::done;
    break;
  }
  step.consumed = at;
  return step;
}

const char* ChunkDecoder::keep_allowed_trailers() {
  std::string kept;
  std::string_view rest = trailers_;
  for (;;) {
    size_t end = rest.find("\r\n");
    std::string_view line = rest.substr(0, end);
    if (line.empty()) break;
    rest.remove_prefix(end + 2);
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "trailer field without a colon";
    std::string_view name = line.substr(0, colon);
    std::string_view value = base::trim_ows(line.substr(colon + 1));
    if (!is_token(name)) return "malformed trailer field name";
    if (!is_field_value(value)) return "control character in a trailer field";
    if (!allowed_in_trailers(recognise(name))) continue;
    kept.append(name).append(": ").append(value).append("\r\n");
  }
  trailers_ = std::move(kept);
  return nullptr;
}

ChunkDecoder::Step ChunkDecoder::feed(std::string_view bytes) {
  RW_ASSERT(at_ != At::end && at_ != At::broken);
  Step step;
  size_t at = 0;
  while (at < bytes.size()) {
    if (at_ == At::content) {
      size_t n = std::min<uint64_t>(bytes.size() - at, left_);
      left_ -= n;
      if (left_ == 0) at_ = At::content_cr;
      step.content = bytes.substr(at, n);
      step.consumed = at + n;
      return step;
    }
    if (at_ == At::trailer) {
      step = take_trailers(bytes.substr(at));
      step.consumed += at;
      return step;
    }
    if (++line_bytes_ > base::chunk_line_bytes_max) return fail("chunk line too long");
    const char* wrong = line_byte(static_cast<unsigned char>(bytes[at]));
    if (wrong != nullptr) return fail(wrong);
    ++at;
  }
  step.consumed = at;
  return step;
}

size_t write_chunk_head(uint64_t size, char* out) {
  RW_ASSERT(size > 0);
  constexpr char digits[] = "0123456789abcdef";
  unsigned n = (64 - static_cast<unsigned>(__builtin_clzll(size)) + 3) / 4;
  for (unsigned i = 0; i < n; ++i) out[i] = digits[size >> 4 * (n - 1 - i) & 15];
  out[n] = '\r';
  out[n + 1] = '\n';
  return n + 2;
}

}  // namespace ringwall::http
