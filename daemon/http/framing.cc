#include "daemon/http/framing.h"

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"
#include "daemon/http/response.h"
#include "daemon/http/status.h"

namespace ringwall::http {
namespace {

// Digits of the largest length that fits a signed 64-bit number: further arithmetic cannot
// overflow.
constexpr size_t length_digits_max = 18;

FramingResult refused(unsigned status, const char* reason) {
  FramingResult result;
  result.status = status;
  result.reason = reason;
  return result;
}

FramingResult of_kind(Framing::Kind kind, uint64_t length = 0) {
  FramingResult result;
  result.framing = {kind, length};
  return result;
}

/// Why a Transfer-Encoding is not simply "chunked" (RFC 9112 sections 6.1 and 6.3).
FramingResult refused_codings(const FieldSection& fields) {
  bool chunked = false;
  for (std::string_view value : fields.values(FieldName::transfer_encoding)) {
    if (value.empty()) return refused(400, "empty transfer coding");
    while (!value.empty()) {
      size_t comma = value.find(',');
      std::string_view coding = base::trim_ows(value.substr(0, comma));
      value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
      if (chunked) return refused(400, "chunked is not the last transfer coding");
      chunked = base::equal_ignoring_case(coding, "chunked");
      std::string_view name = base::trim_ows(coding.substr(0, coding.find(';')));
      if (!is_token(name)) return refused(400, "malformed transfer coding");
    }
  }
  return refused(501, "unknown transfer coding");
}

FramingResult by_fields(const FieldSection& fields, unsigned version_minor) {
  if (fields.has(FieldName::transfer_encoding)) {
    if (version_minor == 0) return refused(400, "Transfer-Encoding in HTTP/1.0");
    if (fields.has(FieldName::content_length)) {
      return refused(400, "Transfer-Encoding with Content-Length");
    }
    auto coding = fields.only(FieldName::transfer_encoding);
    if (coding && base::equal_ignoring_case(*coding, "chunked")) {
      return of_kind(Framing::Kind::chunked);
    }
    return refused_codings(fields);
  }
  if (!fields.has(FieldName::content_length)) return of_kind(Framing::Kind::none);
  auto text = fields.only(FieldName::content_length);
  if (!text) return refused(400, "more than one Content-Length");
  auto length = content_length(fields);
  if (!length) return refused(400, "invalid Content-Length");
  return of_kind(Framing::Kind::length, *length);
}

}  // namespace

std::optional<uint64_t> content_length(const FieldSection& fields) {
  auto text = fields.only(FieldName::content_length);
  if (!text || text->size() > length_digits_max) return std::nullopt;
  return parse_digits(*text);
}

FramingResult request_framing(const FieldSection& fields, unsigned version_minor) {
  constexpr FieldMask telling = {FieldName::content_length, FieldName::transfer_encoding};
  if (!fields.present().intersects(telling)) return of_kind(Framing::Kind::none);
  return by_fields(fields, version_minor);
}

FramingResult response_framing(const ResponseHead& head, Method request_method) {
  FramingResult result = by_fields(head.fields, head.version_minor);
  if (!result.ok()) {
    result.status = 502;
    return result;
  }
  bool tunnel = request_method == Method::connect && is_success(head.status);
  if (never_has_content(head.status) || request_method == Method::head || tunnel) {
    return of_kind(Framing::Kind::none);
  }
  if (result.framing.kind == Framing::Kind::none) return of_kind(Framing::Kind::until_close);
  return result;
}

}  // namespace ringwall::http
