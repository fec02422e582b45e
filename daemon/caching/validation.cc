#include "daemon/caching/validation.h"

#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/caching/preconditions.h"
#include "daemon/http/connection.h"
#include "daemon/http/date.h"
#include "daemon/http/entity_tag.h"
#include "daemon/http/grammar.h"

namespace ringwall::caching {
namespace {

using http::FieldName;

/// Fields of an update that do not replace stored ones: those that describe the stored content, and
/// those of the message that brought the update. Warning is gone from HTTP.
constexpr http::FieldMask not_updated = {FieldName::content_length,
                                         FieldName::content_encoding,
                                         FieldName::content_type,
                                         FieldName::content_range,
                                         FieldName::age,
                                         FieldName::warning};

/// The field's entity-tag; empty if there is none or it is malformed.
std::string_view tag_in(const http::FieldSection& fields) {
  std::string_view tag = fields.only(FieldName::etag).value_or("");
  return http::is_entity_tag(tag) ? tag : std::string_view();
}

/// Whether two Last-Modified are one: the same text, or two spellings of one time.
bool same_date(std::string_view a, std::string_view b) {
  // `now` only tells the century of an obsolete spelling, and both are read alike.
  auto time = http::parse_date(a, 0);
  return a == b || (time && time == http::parse_date(b, 0));
}

/// Which fields of an update count.
class Update {
 public:
  explicit Update(const http::FieldSection& fields) : fields_(fields), options_(fields) {}

  bool counts(const http::Field& field) const {
    return !not_updated.has(field.name) && !options_.drops(field);
  }
  /// Whether a field that counts has this name.
  bool has(std::string_view name) const {
    FieldName known = http::recognise(name);
    if (!fields_.has(known)) return false;
    for (const http::Field& field : fields_) {
      if (field.name != known || !counts(field)) continue;
      if (base::equal_ignoring_case(fields_.name(field), name)) return true;
    }
    return false;
  }

 private:
  const http::FieldSection& fields_;
  http::ConnectionOptions options_;
};

}  // namespace

bool write_conditions(http::HeadWriter& writer, std::string_view stored_lines) {
  std::string_view tag = stored_value(stored_lines, "etag");
  std::string_view modified = stored_value(stored_lines, "last-modified");
  bool has_tag = http::is_entity_tag(tag);
  bool has_date = http::parse_date(modified, 0).has_value();
  if (has_tag) writer.field(FieldName::if_none_match, tag);
  if (has_date) writer.field(FieldName::if_modified_since, modified);
  return has_tag || has_date;
}

bool confirms(const http::FieldSection& not_modified, std::string_view stored_lines) {
  std::string_view tag = tag_in(not_modified);
  std::string_view stored_tag = stored_value(stored_lines, "etag");
  if (!tag.empty()) {
    if (!http::is_entity_tag(stored_tag)) return false;
    return http::is_weak(tag) ? http::weakly_equal(tag, stored_tag)
                              : http::strongly_equal(tag, stored_tag);
  }
  auto modified = not_modified.only(FieldName::last_modified);
  return !modified || same_date(*modified, stored_value(stored_lines, "last-modified"));
}

bool same_representation(const http::ResponseHead& head, std::string_view stored_lines,
                         uint64_t content_length) {
  const http::FieldSection& fields = head.fields;
  auto tag = fields.only(FieldName::etag);
  if (tag && *tag != stored_value(stored_lines, "etag")) return false;
  auto modified = fields.only(FieldName::last_modified);
  if (modified && !same_date(*modified, stored_value(stored_lines, "last-modified"))) return false;
  auto length = fields.first(FieldName::content_length);
  return !length || http::parse_digits(*length) == content_length;
}

std::string_view update_fields(std::string_view stored_lines, const http::ResponseHead& update,
                               std::span<char> out) {
  http::FieldSection stored;
  if (!read_lines(stored_lines, stored)) return {};
  Update updating(update.fields);
  http::HeadWriter writer(out);
  for (const http::Field& field : stored) {
    if (!updating.has(stored.name(field))) writer.field(stored, field);
  }
  for (const http::Field& field : update.fields) {
    if (updating.counts(field)) writer.field(update.fields, field);
  }
  return writer.ok() ? writer.text() : std::string_view();
}

bool read_lines(std::string_view lines, http::FieldSection& fields) {
  fields.reset(lines.data());
  if (lines.size() > base::head_bytes_max) return false;
  size_t at = 0;
  while (at < lines.size()) {
    size_t end = lines.find("\r\n", at);
    if (end == std::string_view::npos) return false;
    std::string_view line = lines.substr(at, end - at);
    size_t colon = line.find(':');
    std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !http::is_token(name)) return false;
    std::string_view value = base::trim_ows(line.substr(colon + 1));
    if (!http::is_field_value(value)) return false;
    // An empty value may view the end of its line: it begins behind the colon then.
    size_t value_at =
        value.empty() ? at + colon + 1 : static_cast<size_t>(value.data() - lines.data());
    http::Field field{static_cast<uint16_t>(at), static_cast<uint16_t>(name.size()),
                      static_cast<uint16_t>(value_at), static_cast<uint16_t>(value.size()),
                      http::recognise(name)};
    if (!fields.add(field)) return false;
    at = end + 2;
  }
  return true;
}

}  // namespace ringwall::caching
