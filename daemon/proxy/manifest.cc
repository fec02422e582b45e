#include "daemon/proxy/manifest.h"

#include <fmt/format.h>

#include <random>

#include "daemon/base/text.h"
#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/caching/storable.h"
#include "daemon/caching/validation.h"
#include "daemon/http/entity_tag.h"
#include "daemon/http/range.h"
#include "daemon/proxy/fill.h"
#include "daemon/proxy/labels.h"
#include "daemon/proxy/reply.h"
#include "daemon/proxy/slices.h"
#include "daemon/proxy/upload.h"

namespace ringwall::proxy {
namespace {

// How long it is remembered that a representation can not be sliced.
constexpr uint32_t remember_whole_s = 60;
// Manifests are tiny; this is what their content is read into.
constexpr size_t manifest_bytes_max = 64;

std::string manifest_key(std::string_view key) {
  return fmt::format("{}{}{}", key, caching::slices_mark, caching::manifest_name);
}

std::string range_text(uint64_t first, uint64_t last) {
  return fmt::format("bytes={}-{}", first, last);
}

/// The slice that the request needs first, as far as that can be told without the length.
uint64_t first_index(const Exchange& x, uint64_t slice) {
  auto value = x.request().fields.only(http::FieldName::range);
  auto set = value ? http::parse_range(*value) : std::nullopt;
  if (!set || set->count == 0 || set->specs[0].suffix) return 0;
  return set->specs[0].first / slice;
}

/// A 206 that can stand for the whole: its range is the one asked for, it tells the length, and a
/// strong entity tag says which version it is of.
struct Part {
  std::string_view etag;
  uint64_t length = 0;
};
std::optional<Part> read_part(const http::ResponseHead& head, uint64_t first, uint64_t last) {
  if (head.status != 206) return std::nullopt;
  auto range_value = head.fields.only(http::FieldName::content_range);
  auto etag = head.fields.only(http::FieldName::etag);
  if (!range_value || !etag || !http::is_entity_tag(*etag) || http::is_weak(*etag)) {
    return std::nullopt;
  }
  auto range = http::parse_content_range(*range_value);
  if (!range || !range->complete_length || range->range.first != first) return std::nullopt;
  if (range->range.last != std::min(last, *range->complete_length - 1)) return std::nullopt;
  return Part{*etag, *range->complete_length};
}

/// Content-Length of a part and its range must agree, or what is stored would be torn.
bool has_length(const Source& source, uint64_t bytes) {
  const http::Framing& framing = source.client.framing();
  return framing.kind != http::Framing::Kind::length || framing.length == bytes;
}

/// From a Hit, or from a Follow whose content is complete.
template <class Stored>
bool read_manifest(const Stored& stored, std::string_view key, Manifest& manifest) {
  std::array<iovec, 1> piece{};
  if (stored.content(0, manifest_bytes_max, piece) != 1) return false;
  std::string_view text(static_cast<const char*>(piece[0].iov_base), piece[0].iov_len);
  std::vector<std::string_view> words = base::split(text, ' ');
  if (words.size() != 3) return false;
  auto length = base::parse_decimal(words[0]);
  auto slice = base::parse_decimal(words[1]);
  if (!length || !slice || *slice == 0) return false;
  manifest.base_key = key;
  manifest.lines = stored.head();
  manifest.etag = caching::stored_value(stored.head(), "etag");
  manifest.facts = stored.facts();
  manifest.length = *length;
  manifest.slice = *slice;
  manifest.name = words[2];
  return true;
}

/// Copies the content of `source` into the segment in the background.
bool store_part(Exchange& x, cache::Fill fill, std::unique_ptr<Source> source) {
  auto job = std::make_shared<FillJob>();
  job->source = std::move(source);
  job->leader_waits = false;
  return begin_content(x, job, std::move(fill), UINT64_MAX) == FillBegin::going;
}

/// The first slice is stored beside the manifest that was made from its head, if nobody does so.
void keep_first_slice(Exchange& x, const caching::Plan& plan, const Manifest& manifest,
                      uint64_t index, std::unique_ptr<Source> source) {
  std::string key = manifest.slice_key(index);
  Question question(x, plan, key);
  cache::Found found = question.find_as_part();
  auto* fill = std::get_if<cache::Fill>(&found.way);
  uint64_t bytes = std::min(manifest.slice, manifest.length - index * manifest.slice);
  if (fill == nullptr || !fill->begin_head(manifest.facts, {}, bytes)) {
    source->lease.close();
    return;
  }
  store_part(x, std::move(*fill), std::move(source));
}

/// What the origin's answer to the first slice makes of the manifest.
FollowEnd settle_manifest(Exchange& x, Question& question, const caching::Plan& plan,
                          std::string_view key, cache::Fill fill, cache::Hit* stored,
                          std::unique_ptr<Source> source, uint64_t index, Manifest& manifest) {
  const http::ResponseHead& head = source->client.head();
  uint64_t slice = x.route->cache.slice_size;
  if (head.status == 304 && stored != nullptr &&
      caching::confirms(head.fields, stored->head()) && read_manifest(*stored, key, manifest)) {
    RenewedHead renewed(x, stored->head(), 200, head);
    finish_source(*source);
    if (!renewed.ok()) return FollowEnd::other;
    caching::Verdict verdict = question.judge(renewed.head(), source->asked_at_s);
    StoredHead lines(x, question, renewed.head(), verdict);
    bool done = verdict.store && lines.ok() &&
                fill.renew(*stored, verdict.facts, lines.lines(), lines.labels());
    x.told.forward_status = 304;
    if (!done) return FollowEnd::other;
    manifest.lines = lines.lines();
    manifest.facts = verdict.facts;
    manifest.fetched = true;
    return FollowEnd::answered;
  }
  http::ResponseHead whole = head;
  whole.status = 200;
  caching::Verdict verdict = question.judge(whole, source->asked_at_s);
  if (head.status == 206 && !verdict.store) {
    fill.uncacheable(remember_whole_s);
    source->lease.close();
    x.told.detail = verdict.reason;
    return FollowEnd::unshared;
  }
  uint64_t first = index * slice;
  auto part = read_part(head, first, first + slice - 1);
  if (!part || !has_length(*source, std::min(slice, part->length - first))) {
    fill.uncacheable(remember_whole_s);
    source->lease.close();
    return FollowEnd::other;
  }
  StoredHead lines(x, question, whole, verdict);
  if (!lines.ok()) {
    fill.uncacheable(remember_whole_s);
    source->lease.close();
    x.told.detail = "vary";
    return FollowEnd::unshared;
  }
  manifest.base_key = key;
  manifest.lines = without_line(lines.lines(), "content-range");
  manifest.etag = part->etag;
  manifest.facts = verdict.facts;
  manifest.length = part->length;
  manifest.slice = slice;
  std::random_device random;
  manifest.name = fmt::format("{:08x}{:08x}", random(), random());
  std::string text = fmt::format("{} {} {}", part->length, slice, manifest.name);
  // First the slice: whoever finds the manifest looks for it.
  keep_first_slice(x, plan, manifest, index, std::move(source));
  if (fill.begin_head(verdict.facts, manifest.lines, text.size(), lines.labels()) &&
      fill.append(text)) {
    fill.finish();
  }
  manifest.fetched = true;
  x.told.forward_status = 206;
  x.told.stored = true;
  return FollowEnd::answered;
}

/// Asks the origin for the first slice that is wanted.
io::Task<FollowEnd> make_manifest(Exchange& x, Question& question, const caching::Plan& plan,
                                  std::string_view key, cache::Fill fill,
                                  std::optional<cache::Hit> stored, Manifest& manifest) {
  uint64_t slice = x.route->cache.slice_size;
  uint64_t index = first_index(x, slice);
  std::string range = range_text(index * slice, index * slice + slice - 1);
  Ask ask;
  ask.shared = true;
  ask.complete = true;
  ask.normalised = true;
  ask.range = range;
  if (stored) ask.validates = stored->head();
  x.told.forward = stored ? http::CacheStatus::Forward::stale : http::CacheStatus::Forward::uri_miss;
  x.record.cache = CacheOutcome::miss;
  Upload none;
  FetchResult fetched = co_await fetch(x, ask, none);
  if (fetched.source == nullptr) co_return FollowEnd::other;
  co_return settle_manifest(x, question, plan, key, std::move(fill),
                            stored ? &*stored : nullptr, std::move(fetched.source), index,
                            manifest);
}

}  // namespace

std::string Manifest::slice_key(uint64_t index) const {
  return fmt::format("{}{}{} {}", base_key, caching::slices_mark, name, index);
}

io::Task<FollowEnd> find_manifest(Exchange& x, const caching::Plan& plan, std::string_view key,
                                  Manifest& manifest) {
  std::string name = manifest_key(key);
  Question question(x, plan, name);
  for (unsigned tries = 0; tries < 3; ++tries) {
    cache::Found found = question.find();
    if (auto* hit = std::get_if<cache::Hit>(&found.way)) {
      x.record.cache = CacheOutcome::hit;
      co_return read_manifest(*hit, key, manifest) ? FollowEnd::answered : FollowEnd::other;
    }
    if (auto* fill = std::get_if<cache::Fill>(&found.way)) {
      cache::Fill permit = std::move(*fill);
      std::optional<cache::Hit> stored = std::move(found.stored);
      co_return co_await make_manifest(x, question, plan, key, std::move(permit),
                                       std::move(stored), manifest);
    }
    auto* follow = std::get_if<cache::Follow>(&found.way);
    if (follow == nullptr) co_return FollowEnd::other;
    bool there = co_await await_head(x, *follow, x.loop().now() + x.route->cache.lock_timeout);
    if (!there || follow->state() == cache::Follow::State::uncacheable) co_return FollowEnd::other;
    // Its content is written in one go behind its head: there in a moment.
    while (follow->state() == cache::Follow::State::filling) {
      if (!follow->arm(cache::Follow::State::filling, follow->available())) continue;
      io::Until until(x.loop().now() + std::chrono::milliseconds(100), &x.facilities.cut);
      co_await x.facilities.fills_moved.wait(until);
      if (x.facilities.cut.requested()) co_return FollowEnd::gone;
    }
    // Read from here: it may be complete a moment before it is found as stored.
    bool usable = follow->state() == cache::Follow::State::complete &&
                  question.selected_by(follow->selectors()) &&
                  question.serves(follow->facts()) && read_manifest(*follow, key, manifest);
    if (usable) {
      manifest.fetched = true;
      x.told.collapsed = true;
      x.record.cache = CacheOutcome::collapsed;
      co_return FollowEnd::answered;
    }
  }
  co_return FollowEnd::other;
}

std::optional<uint64_t> sliced_length(const Exchange& x, const caching::Plan& plan,
                                      std::string_view key) {
  std::string name = manifest_key(key);
  Question question(x, plan, name);
  auto hit = question.peek();
  Manifest manifest;
  if (!hit || question.reuse().use != cache::Use::serve) return std::nullopt;
  if (!read_manifest(*hit, key, manifest)) return std::nullopt;
  return manifest.length;
}

io::Task<std::optional<cache::Follow>> fetch_slice(Exchange& x, const Manifest& manifest,
                                                   uint64_t index, cache::Fill fill) {
  uint64_t first = index * manifest.slice;
  uint64_t last = std::min(first + manifest.slice, manifest.length) - 1;
  std::string range = range_text(first, last);
  Ask ask;
  ask.shared = true;
  ask.complete = true;
  ask.normalised = true;
  ask.range = range;
  ask.if_range = manifest.etag;
  Upload none;
  FetchResult fetched = co_await fetch(x, ask, none);
  std::optional<cache::Follow> follow;
  if (fetched.source == nullptr) co_return follow;
  Source& source = *fetched.source;
  auto part = read_part(source.client.head(), first, last);
  bool same = part && part->etag == manifest.etag && part->length == manifest.length &&
              has_length(source, last - first + 1);
  if (!same) {
    // Another version by now: what is known of this one is worth nothing.
    cache::Purge purge;
    std::string name = manifest_key(manifest.base_key);
    purge.text = name;
    x.facilities.store->purge(purge);
    source.lease.close();
    co_return follow;
  }
  if (!fill.begin_head(manifest.facts, {}, last - first + 1)) {
    source.lease.close();
    co_return follow;
  }
  follow = fill.follow();
  store_part(x, std::move(fill), std::move(fetched.source));
  co_return follow;
}

}  // namespace ringwall::proxy
