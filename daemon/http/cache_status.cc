#include "daemon/http/cache_status.h"

#include <array>

#include "daemon/http/grammar.h"

namespace ringwall::http {
namespace {

constexpr std::array<std::string_view, 9> forward_texts = {
    "", "bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"};
static_assert(forward_texts[static_cast<size_t>(CacheStatus::Forward::partial)] == "partial");

/// sf-token of RFC 8941 section 3.3.4.
bool is_structured_token(std::string_view text) {
  if (text.empty()) return false;
  char first = text.front();
  bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  if (!letter && first != '*') return false;
  for (char c : text) {
    if (!is_token_char(c) && c != ':' && c != '/') return false;
  }
  return true;
}

/// sf-string of RFC 8941 section 3.3.3, which holds visible ASCII and spaces.
void put_string(HeadWriter& out, std::string_view text) {
  out.value("\"");
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c < 0x20 || c == 0x7f) continue;
    if (c == '"' || c == '\\') out.value("\\");
    out.value(text.substr(at, 1));
  }
  out.value("\"");
}

void put_item(HeadWriter& out, std::string_view text) {
  if (is_structured_token(text)) {
    out.value(text);
  } else {
    put_string(out, text);
  }
}

}  // namespace

std::string_view text_of(CacheStatus::Forward forward) {
  return forward_texts[static_cast<size_t>(forward)];
}

void write_cache_status(HeadWriter& out, std::string_view cache, const CacheStatus& status) {
  out.begin_field(FieldName::cache_status);
  put_item(out, cache);
  if (status.hit) out.value("; hit");
  if (status.forward != CacheStatus::Forward::none) {
    out.value("; fwd=");
    out.value(text_of(status.forward));
  }
  if (status.forward_status != 0) {
    out.value("; fwd-status=");
    out.value(status.forward_status);
  }
  if (status.has_ttl) {
    out.value(status.ttl < 0 ? "; ttl=-" : "; ttl=");
    auto ttl = static_cast<uint64_t>(status.ttl);
    out.value(status.ttl < 0 ? 0 - ttl : ttl);
  }
  if (status.stored) out.value("; stored");
  if (status.collapsed) out.value("; collapsed");
  if (!status.key.empty()) {
    out.value("; key=");
    put_string(out, status.key);
  }
  if (!status.detail.empty()) {
    out.value("; detail=");
    put_item(out, status.detail);
  }
  out.end_field();
}

}  // namespace ringwall::http
