// Entity tags (RFC 9110 section 8.8.3): parsed and compared. Pure, no allocation.
#pragma once

#include <optional>
#include <string_view>

namespace ringwall::http {

/// Whether `text` is one entity-tag: [ "W/" ] DQUOTE *etagc DQUOTE.
bool is_entity_tag(std::string_view text);
inline bool is_weak(std::string_view tag) {
  return tag.starts_with("W/");
}
/// Section 8.8.3.2. Requires: both are entity-tags.
bool weakly_equal(std::string_view a, std::string_view b);
inline bool strongly_equal(std::string_view a, std::string_view b) {
  return a == b && !is_weak(a);
}

/// The elements of If-None-Match and If-Match; a malformed list ends before the element at fault,
/// which "*" is too.
class EntityTags {
 public:
  explicit EntityTags(std::string_view list) : rest_(list) {}
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

}  // namespace ringwall::http
