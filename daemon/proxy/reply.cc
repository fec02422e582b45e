#include "daemon/proxy/reply.h"

#include <fmt/format.h>

#include <random>

#include "daemon/base/text.h"
#include "daemon/caching/freshness.h"
#include "daemon/caching/preconditions.h"
#include "daemon/http/date.h"

namespace ringwall::proxy {
namespace {

constexpr http::FieldMask conditions = {http::FieldName::if_none_match,
                                        http::FieldName::if_modified_since};

/// The ranges that count: of a GET, of a 200, where If-Range allows.
std::optional<http::RangeSet> wanted_ranges(const Exchange& x, std::string_view head) {
  const http::RequestHead& request = x.request();
  if (!request.fields.has(http::FieldName::range) || request.method != http::Method::get) {
    return std::nullopt;
  }
  auto value = request.fields.only(http::FieldName::range);
  if (!value) return std::nullopt;
  if (request.fields.has(http::FieldName::if_range) &&
      !caching::if_range_holds(request.fields, head, x.loop().wall_seconds())) {
    return std::nullopt;
  }
  return http::parse_range(*value);
}

}  // namespace

Reply reply_to(const Exchange& x, const cache::Facts& facts, std::string_view head,
               std::optional<uint64_t> length, bool complete) {
  Reply reply;
  if (facts.status != 200) return reply;
  const http::RequestHead& request = x.request();
  if (request.fields.present().intersects(conditions) &&
      caching::not_modified(request.fields, head, x.loop().wall_seconds())) {
    reply.kind = Reply::Kind::not_modified;
    return reply;
  }
  if (!length) return reply;
  auto wanted = wanted_ranges(x, head);
  if (!wanted) return reply;
  http::Resolved resolved = http::resolve(*wanted, *length);
  if (resolved.whole) return reply;
  if (resolved.selected.count > 1 && !complete) return reply;
  reply.ranges = resolved.selected;
  reply.kind = resolved.selected.count == 0   ? Reply::Kind::unsatisfiable
               : resolved.selected.count == 1 ? Reply::Kind::part
                                              : Reply::Kind::parts;
  return reply;
}

Added::Added(const Exchange& x, const cache::Facts& facts, http::CacheStatus status) {
  base::WallSeconds now = x.loop().wall_seconds();
  writer_.field(http::FieldName::age, caching::current_age(facts, now));
  status.ttl = caching::remaining(facts, now);
  status.has_ttl = true;
  http::write_cache_status(writer_, x.snapshot.config.http.via, status);
  writer_.raw(x.snapshot.via_line);
}

void Added::write_unsatisfied(const Exchange& x, uint64_t length) {
  char now[http::date_bytes];
  http::write_date(x.loop().wall_seconds(), now);
  writer_.field(http::FieldName::date, std::string_view(now, sizeof(now)));
  http::write_unsatisfied_range(writer_, length);
}

Multipart::Multipart(const http::Selected& ranges, std::string_view content_type,
                     uint64_t length) {
  // Random, so that no stored content can contain it on purpose.
  std::random_device random;
  boundary_ = fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
  for (size_t i = 0; i < ranges.count; ++i) {
    at_[i] = text_.size();
    text_ += fmt::format("{}--{}\r\n", i == 0 ? "" : "\r\n", boundary_);
    if (!content_type.empty()) text_ += fmt::format("Content-Type: {}\r\n", content_type);
    const http::ByteRange& range = ranges.ranges[i];
    text_ += fmt::format("Content-Range: bytes {}-{}/{}\r\n\r\n", range.first, range.last, length);
    total_ += range.length();
  }
  at_[ranges.count] = text_.size();
  text_ += fmt::format("\r\n--{}--\r\n", boundary_);
  at_[ranges.count + 1] = text_.size();
  total_ += text_.size();
}

std::string_view Multipart::before(size_t part) const {
  return std::string_view(text_).substr(at_[part], at_[part + 1] - at_[part]);
}

std::string Multipart::content_type() const {
  return "multipart/byteranges; boundary=" + boundary_;
}

std::string without_line(std::string_view lines, std::string_view name) {
  std::string kept;
  while (!lines.empty()) {
    size_t end = lines.find("\r\n");
    std::string_view line = lines.substr(0, end == std::string_view::npos ? end : end + 2);
    bool named = line.size() > name.size() && line[name.size()] == ':' &&
                 base::equal_ignoring_case(line.substr(0, name.size()), name);
    if (!named) kept += line;
    lines.remove_prefix(line.size());
  }
  return kept;
}

}  // namespace ringwall::proxy
