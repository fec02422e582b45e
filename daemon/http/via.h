// The Via field (RFC 9110 section 7.6.3): ours added to each forwarded message, and the detection
// of loops by it. Existing Via lines are forwarded as they are; ours is one more line of the list.
#pragma once

#include <string_view>

#include "daemon/http/fields.h"
#include "daemon/http/head_writer.h"

namespace ringwall::http {

/// "Via: 1.1 ringwall"; `version_minor` is that of the message received.
void write_via(HeadWriter& out, unsigned version_minor, std::string_view pseudonym);

/// How often `pseudonym` stands in Via as a received-by, in any case. More than the number of
/// ringwalls that are meant to follow one another means a loop (508 or 502).
unsigned count_in_via(const FieldSection& fields, std::string_view pseudonym);

}  // namespace ringwall::http
