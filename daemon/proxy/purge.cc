#include "daemon/proxy/purge.h"

#include <fmt/format.h>

#include "daemon/base/text.h"
#include "daemon/caching/invalidation.h"
#include "daemon/caching/key.h"
#include "daemon/caching/tags.h"
#include "daemon/proxy/labels.h"
#include "daemon/proxy/synthetic.h"

namespace ringwall::proxy {
namespace {

constexpr std::string_view usual_tag_fields[] = {"cache-tag", "surrogate-key", "xkey"};

/// In time that does not tell how much of it is right.
bool same_token(std::string_view a, std::string_view b) {
  unsigned differ = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return differ == 0;
}

bool may_purge(const Exchange& x) {
  const conf::Cache& settings = x.snapshot.config.cache;
  if (!settings.purge_from.contains(x.record.client)) return false;
  if (settings.purge_token.empty()) return true;
  auto value = x.request().fields.only(http::FieldName::authorization);
  if (!value || value->size() < 7) return false;
  bool bearer = base::equal_ignoring_case(value->substr(0, 7), "bearer ");
  return bearer && same_token(base::trim_ows(value->substr(7)), settings.purge_token);
}

/// All tags of the request; empty: it has none of the fields.
std::vector<std::string_view> tags_of(const Exchange& x) {
  conf::RouteCache settings;
  settings.tag_fields.assign(std::begin(usual_tag_fields), std::end(usual_tag_fields));
  const auto& own = x.route->cache.tag_fields;
  settings.tag_fields.insert(settings.tag_fields.end(), own.begin(), own.end());
  std::vector<std::string_view> tags;
  caching::each_tag(x.request().fields, settings, [&](std::string_view tag) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  });
  return tags;
}

/// The key of the request's target, with what the route takes of its own fields and cookies. Empty
/// when it is too long to be one.
std::string_view key_of(Exchange& x) {
  char* room = x.room.chars();
  size_t length = caching::write_key(x.key_parts(), x.route->cache.key, x.request().fields, room);
  return {room, length};
}

/// One URL with all that belongs to it: its variants, its slices by their manifest, and where fields
/// or cookies belong to its key, all values of these.
cache::PurgeCount purge_url(Exchange& x, std::string_view key, bool soft) {
  cache::Store& store = *x.facilities.store;
  const conf::CacheKey& settings = x.route->cache.key;
  cache::Purge purge;
  purge.soft = soft;
  if (!settings.fields.empty() || !settings.cookies.empty()) {
    std::string lines(key.substr(0, key.find('\n')));
    lines += '\n';
    purge.kind = cache::Purge::Kind::prefix;
    purge.text = lines;
    return store.purge(purge);
  }
  purge.text = key;
  cache::PurgeCount count = store.purge(purge);
  std::string manifest(key);
  manifest += caching::slices_mark;
  manifest += caching::manifest_name;
  purge.text = manifest;
  cache::PurgeCount further = store.purge(purge);
  count.objects += further.objects;
  count.bytes += further.bytes;
  count.complete = count.complete && further.complete;
  return count;
}

/// "Purge: soft" or "hard"; else `usual`.
bool wants_soft(const Exchange& x, bool usual) {
  auto value = x.request().fields.first("purge");
  if (!value) return usual;
  return base::equal_ignoring_case(*value, "soft");
}

}  // namespace

bool is_purge(const Exchange& x) {
  return x.request().method_text == "PURGE" && !x.snapshot.config.cache.purge_from.empty();
}

io::Task<void> serve_purge(Exchange& x) {
  if (x.facilities.store == nullptr) return respond_error(x, 404, "no-cache");
  if (!may_purge(x)) return respond_error(x, 403, "purge-refused");
  std::vector<std::string_view> tags = tags_of(x);
  cache::PurgeCount sum;
  cache::Purge purge;
  if (tags.empty()) {
    std::string_view key = key_of(x);
    if (!key.empty()) sum = purge_url(x, key, wants_soft(x, false));
  } else {
    purge.kind = cache::Purge::Kind::tag;
    purge.soft = wants_soft(x, x.snapshot.config.cache.purge_soft);
    for (std::string_view tag : tags) {
      purge.tag = x.facilities.store->hash_tag(tag_space, tag);
      cache::PurgeCount count = x.facilities.store->purge(purge);
      sum.complete = sum.complete && count.complete;
    }
  }
  if (!sum.complete) return respond_error(x, 503, "purges-pending");
  std::string body = tags.empty()
                         ? fmt::format("{{\"objects\": {}, \"bytes\": {}}}\n", sum.objects, sum.bytes)
                         : fmt::format("{{\"tags\": {}}}\n", tags.size());
  return respond_json(x, 200, std::move(body));
}

namespace {

/// Too many purges are pending: rather all is validated than one is wrong.
void mark_all(cache::Store& store) {
  cache::Purge all;
  all.kind = cache::Purge::Kind::all;
  all.soft = true;
  store.purge(all);
}

}  // namespace

void invalidate(Exchange& x, const http::ResponseHead& response) {
  bool success = response.status >= 200 && response.status < 400;
  if (!success || x.facilities.store == nullptr || !x.route->cache.enabled) return;
  cache::Store& store = *x.facilities.store;
  std::string_view own = key_of(x);  // in the room for a key, which a request that passes leaves
  if (own.empty()) return;
  bool complete = purge_url(x, own, false).complete;
  std::string base(own.substr(0, own.find('\n')));
  for (const std::string& uri : caching::also_invalid(response.fields, base)) {
    std::string key = caching::key_of_url(uri, x.route->cache.key, x.route->name);
    if (!key.empty()) complete = purge_url(x, key, false).complete && complete;
  }
  if (!complete) return mark_all(store);
  if (!response.fields.has(http::FieldName::cache_group_invalidation)) return;
  std::string space = group_space(x);
  for (const std::string& group : caching::invalid_groups(response.fields)) {
    cache::Purge by_group;
    by_group.kind = cache::Purge::Kind::tag;
    by_group.tag = store.hash_tag(space, group);
    if (!store.purge(by_group).complete) return mark_all(store);
  }
}

}  // namespace ringwall::proxy
