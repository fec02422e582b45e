// The end-to-end fields of a backend's response as serialised lines: what is passed on and what is
// stored. Connection fields and framing are left out (each hop writes its own), a missing Date is
// added (RFC 9110 section 6.6.1).
#pragma once

#include <string>
#include <string_view>

#include "conf/model.h"
#include "daemon/base/time.h"
#include "daemon/http/head_writer.h"
#include "daemon/http/response.h"
#include "daemon/io/loop.h"

namespace ringwall::proxy {

/// Writes the end-to-end field lines of a head, interim or final.
void write_end_to_end(http::HeadWriter& writer, const http::ResponseHead& head,
                      http::FieldMask without = {http::FieldName::content_length});

/// A chunk that holds the lines of `head`; empty when there is none to be had.
io::Chunk response_fields_room(io::Loop& loop, const http::ResponseHead& head);

/// What is left out besides.
struct Filter {
  const conf::RouteCache* settings = nullptr;  // of a route whose tags are not sent on; null: none
  bool stored = false;   // without Age, which is computed anew for each use (RFC 9111 section 5.1),
                         // and without Warning, which is no more (section 5.5)
  bool withhold = false;  // without what must not be stored (private="…"); Requires: settings
};

/// Writes the lines into `room` and gives a view of them. Requires: room from above.
std::string_view write_response_fields(const http::ResponseHead& head, base::WallSeconds now,
                                       const io::Chunk& room, const Filter& filter);

/// The lines that Filter::withhold leaves out, for the client that asked.
std::string withheld_lines(const http::ResponseHead& head, const conf::RouteCache& settings);

}  // namespace ringwall::proxy
