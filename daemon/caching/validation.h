// Validation towards the origin (RFC 9111 section 4.3): the conditions of the request, and what its
// answer makes of the stored response. Stored heads are serialised field lines. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/http/head_writer.h"
#include "daemon/http/response.h"

namespace ringwall::caching {

/// Section 4.3.1: If-None-Match with the stored ETag, If-Modified-Since with its Last-Modified.
/// False: the stored response has no validator, nothing was written.
bool write_conditions(http::HeadWriter& writer, std::string_view stored_lines);

/// Section 4.3.3 and 4.3.4: whether a 304 is about this stored response: a strong ETag of the 304
/// must be the stored one, a weak one weakly; a Last-Modified must be the same where there is no
/// ETag; a 304 without validators is about the one that was asked for.
bool confirms(const http::FieldSection& not_modified, std::string_view stored_lines);

/// Section 4.3.5: whether the 200 of a HEAD is about this stored response: validators and
/// Content-Length, as far as it has them, are the same.
bool same_representation(const http::ResponseHead& head, std::string_view stored_lines,
                         uint64_t content_length);

/// Section 3.2: the stored lines with the fields of `update` in place of those of the same name,
/// but for Content-Length, Content-Encoding, Content-Type, Content-Range, Transfer-Encoding,
/// connection fields (RFC 9110 section 7.6.1), Age and Warning. Empty when it does not fit. The
/// caller judges the outcome as it judges a response, and leaves out what is withheld then.
std::string_view update_fields(std::string_view stored_lines, const http::ResponseHead& update,
                               std::span<char> out);

/// Stored lines as a field section over `raw` (which is `lines` itself, unchanged); false when they
/// are none. `fields` views `lines`.
bool read_lines(std::string_view lines, http::FieldSection& fields);

}  // namespace ringwall::caching
