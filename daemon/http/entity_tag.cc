#include "daemon/http/entity_tag.h"

namespace ringwall::http {
namespace {

std::string_view opaque(std::string_view tag) {
  return is_weak(tag) ? tag.substr(2) : tag;
}

/// etagc: visible characters but DQUOTE, and obs-text. A backslash is one like any other.
bool is_tag_char(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7f;
}

/// The length of the entity-tag that `text` begins with, or 0.
size_t tag_length(std::string_view text) {
  size_t at = is_weak(text) ? 2 : 0;
  if (at >= text.size() || text[at] != '"') return 0;
  for (++at; at < text.size() && is_tag_char(text[at]);) ++at;
  return at < text.size() && text[at] == '"' ? at + 1 : 0;
}

}  // namespace

bool is_entity_tag(std::string_view text) {
  size_t length = tag_length(text);
  return length != 0 && length == text.size();
}

bool weakly_equal(std::string_view a, std::string_view b) {
  return opaque(a) == opaque(b);
}

std::optional<std::string_view> EntityTags::next() {
  size_t begin = rest_.find_first_not_of(" \t,");
  rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
  size_t length = tag_length(rest_);
  std::string_view tag = rest_.substr(0, length);
  rest_.remove_prefix(length);
  size_t behind = rest_.find_first_not_of(" \t");
  bool separated = behind == std::string_view::npos || rest_[behind] == ',';
  if (length == 0 || !separated) {
    rest_ = {};
    return std::nullopt;
  }
  return tag;
}

}  // namespace ringwall::http
