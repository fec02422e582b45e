#include "daemon/proxy/labels.h"

#include "daemon/base/text.h"
#include "daemon/caching/tags.h"
#include "daemon/caching/validation.h"
#include "daemon/caching/vary.h"
#include "daemon/proxy/response_fields.h"

namespace ringwall::proxy {

StoredHead::StoredHead(const Exchange& x, const Question& question, const http::ResponseHead& head,
                       const caching::Verdict& verdict) {
  const conf::RouteCache& settings = question.settings();
  if (head.fields.has(http::FieldName::vary)) {
    selectors_room_ = x.loop().small_chunks().take();
    if (!selectors_room_) return;
    std::span<char> room(selectors_room_.chars(), cache::selectors_bytes_max);
    auto selectors =
        caching::write_selectors(x.request().fields, head.fields, settings, room);
    if (!selectors) return;
    labels_.selectors = *selectors;
  }
  collect_tags(x, head);
  room_ = response_fields_room(x.loop(), head);
  if (!room_) return;
  Filter filter{&settings, true, verdict.withholds};
  lines_ = write_response_fields(head, x.loop().wall_seconds(), room_, filter);
  ok_ = true;
}

void StoredHead::collect_tags(const Exchange& x, const http::ResponseHead& head) {
  const conf::RouteCache& settings = x.route->cache;
  const cache::Store& store = *x.facilities.store;
  auto add = [&](std::string_view space, std::string_view word) {
    if (tags_.size() < cache::tags_max) tags_.push_back(store.hash_tag(space, word));
  };
  if (!settings.tag_fields.empty()) {
    caching::each_tag(head.fields, settings, [&](std::string_view tag) { add(tag_space, tag); });
  }
  if (head.fields.has(http::FieldName::cache_groups)) {
    std::string space = group_space(x);
    for (const std::string& group : caching::groups_of(head.fields)) add(space, group);
  }
  labels_.tags = tags_;
}

void StoredHead::release() {
  room_.release();
  selectors_room_.release();
  lines_ = {};
  labels_ = {};
}

RenewedHead::RenewedHead(const Exchange& x, std::string_view stored_lines, uint16_t status,
                         const http::ResponseHead& update) {
  // Each line of either, perhaps with one byte more than it came with.
  size_t bytes = stored_lines.size() + update.raw_length + update.fields.size();
  room_ = bytes <= base::small_chunk_bytes ? x.loop().small_chunks().take()
                                           : x.loop().large_chunks().take();
  if (!room_) return;
  std::span<char> out(room_.chars(), std::min(room_.size(), base::head_bytes_max));
  lines_ = caching::update_fields(stored_lines, update, out);
  if (lines_.empty() || !caching::read_lines(lines_, head_.fields)) return;
  head_.status = status;
  head_.raw = lines_.data();
  head_.raw_length = static_cast<uint32_t>(lines_.size());
  ok_ = true;
}

std::string group_space(const Exchange& x) {
  caching::KeyParts parts = x.key_parts();
  std::string space = "group:";
  space += parts.scheme;
  space += "://";
  std::string_view host = parts.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  space += base::to_lower(host);
  space += ':';
  space += std::to_string(parts.port == 80 ? 0 : parts.port);
  return space;
}

}  // namespace ringwall::proxy
