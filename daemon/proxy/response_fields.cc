#include "daemon/proxy/response_fields.h"

#include "daemon/caching/storable.h"
#include "daemon/caching/tags.h"
#include "daemon/http/connection.h"
#include "daemon/http/date.h"
#include "daemon/http/head_writer.h"

namespace ringwall::proxy {
namespace {

// "Date: " and an IMF-fixdate.
constexpr size_t date_line_bytes = 40;

constexpr http::FieldMask not_stored = {http::FieldName::age, http::FieldName::warning};

size_t lines_bytes_max(const http::ResponseHead& head) {
  // Each line is written with ": " and CRLF, at most one byte more than it came with.
  return head.raw_length + head.fields.size() + date_line_bytes;
}

}  // namespace

void write_end_to_end(http::HeadWriter& writer, const http::ResponseHead& head,
                      http::FieldMask without) {
  http::ConnectionOptions options(head.fields);
  for (const http::Field& field : head.fields) {
    if (without.has(field.name) || options.drops(field)) continue;
    writer.field(head.fields, field);
  }
}

io::Chunk response_fields_room(io::Loop& loop, const http::ResponseHead& head) {
  return lines_bytes_max(head) <= base::small_chunk_bytes ? loop.small_chunks().take()
                                                          : loop.large_chunks().take();
}

std::string_view write_response_fields(const http::ResponseHead& head, base::WallSeconds now,
                                       const io::Chunk& room, const Filter& filter) {
  if (!room) return {};
  http::HeadWriter writer({room.chars(), room.size()});
  http::FieldMask without = {http::FieldName::content_length};
  if (filter.stored) without = without | not_stored;
  const conf::RouteCache* tags = filter.settings;
  if (tags != nullptr && (tags->tag_fields.empty() || tags->tags_sent)) tags = nullptr;
  http::ConnectionOptions options(head.fields);
  for (const http::Field& field : head.fields) {
    if (without.has(field.name) || options.drops(field)) continue;
    if (tags != nullptr && caching::is_tag_field(head.fields, field, *tags)) continue;
    if (filter.withhold && caching::is_withheld(head.fields, field, *filter.settings)) continue;
    writer.field(head.fields, field);
  }
  if (!head.fields.has(http::FieldName::date)) {
    char date[http::date_bytes];
    http::write_date(now, date);
    writer.field(http::FieldName::date, std::string_view(date, sizeof(date)));
  }
  return writer.text();
}

std::string withheld_lines(const http::ResponseHead& head, const conf::RouteCache& settings) {
  std::string lines;
  http::ConnectionOptions options(head.fields);
  for (const http::Field& field : head.fields) {
    if (options.drops(field) || !caching::is_withheld(head.fields, field, settings)) continue;
    if (field.name == http::FieldName::content_length) continue;
    lines += head.fields.line(field);
    lines += "\r\n";
  }
  return lines;
}

}  // namespace ringwall::proxy
