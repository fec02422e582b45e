#include "daemon/proxy/request_head.h"

#include "daemon/caching/validation.h"
#include "daemon/caching/vary.h"
#include "daemon/http/connection.h"
#include "daemon/http/forwarded.h"
#include "daemon/http/head_writer.h"
#include "daemon/http/via.h"
#include "daemon/proxy/response_fields.h"
#include "daemon/upstream/backend.h"

namespace ringwall::proxy {
namespace {

// Host, Via, the forwarding fields and framing, beside what the client sent.
constexpr size_t own_lines_bytes = 1024;

// Written anew, or meant for us alone.
constexpr http::FieldMask our_fields =
    http::FieldMask{http::FieldName::host, http::FieldName::content_length,
                    http::FieldName::expect} |
    http::forwarding_fields;

constexpr http::FieldMask selecting = {http::FieldName::accept_encoding,
                                       http::FieldName::accept_language};

constexpr http::FieldMask preconditions = {
    http::FieldName::if_match,          http::FieldName::if_none_match,
    http::FieldName::if_modified_since, http::FieldName::if_unmodified_since,
    http::FieldName::if_range,          http::FieldName::range};

/// Host for a backend that is to see its own name.
std::string_view host_of(const upstream::Backend& backend) {
  return backend.name().starts_with("unix:") ? std::string_view("localhost")
                                             : std::string_view(backend.name());
}

void write_framing(http::HeadWriter& writer, const http::Framing& framing) {
  if (framing.kind == http::Framing::Kind::chunked) {
    writer.field(http::FieldName::transfer_encoding, "chunked");
  } else if (framing.kind == http::Framing::Kind::length) {
    writer.field(http::FieldName::content_length, framing.length);
  }
}

/// A selecting field as the cache counts it, which is how a shared response is asked for.
void write_normalised(http::HeadWriter& writer, const Exchange& x, http::FieldName name) {
  char room[256];
  auto value = caching::normalised(name, x.request().fields, x.route->cache, room);
  if (!value) {
    for (const http::Field& field : x.request().fields) {
      if (field.name == name) writer.field(x.request().fields, field);
    }
  } else if (!value->empty()) {
    writer.field(name, *value);
  } else if (name == http::FieldName::accept_encoding) {
    writer.field(name, "identity");  // no field at all would mean: anything
  }
}

}  // namespace

io::Chunk request_head_room(const Exchange& x, const Ask& ask) {
  const http::RequestHead& request = x.request();
  // The authority may come twice more and the path grow to three times its length at most.
  size_t bytes = request.raw_length + request.fields.size() + request.target_text.size() +
                 2 * x.authority.size() + own_lines_bytes;
  // Validators are lines of the stored head.
  if (!ask.validates.empty()) bytes += ask.validates.size();
  return bytes <= base::small_chunk_bytes ? x.loop().small_chunks().take()
                                          : x.loop().large_chunks().take();
}

std::string_view write_request_head(const Exchange& x, const conf::Upstream& settings,
                                    const upstream::Lease& lease, const Ask& ask,
                                    const io::Chunk& room) {
  if (!room) return {};
  const http::RequestHead& request = x.request();
  http::HeadWriter writer({room.chars(), room.size()});
  writer.raw(request.method_text);
  writer.raw(" ");
  writer.raw(x.path);
  if (request.target.has_query) {
    writer.raw("?");
    writer.raw(request.target.query);
  }
  writer.raw(" HTTP/1.1\r\n");
  bool own_host =
      settings.host_field == conf::Upstream::HostField::backend || x.authority.empty();
  writer.field(http::FieldName::host, own_host ? host_of(lease.backend()) : x.authority);
  http::ConnectionOptions options(request.fields);
  http::FieldMask skipped = ask.complete ? our_fields | preconditions : our_fields;
  bool normalised = ask.normalised && request.fields.present().intersects(selecting);
  if (normalised) skipped = skipped | selecting;
  for (const http::Field& field : request.fields) {
    if (skipped.has(field.name) || options.drops(field)) continue;
    writer.field(request.fields, field);
  }
  if (normalised) {
    write_normalised(writer, x, http::FieldName::accept_encoding);
    write_normalised(writer, x, http::FieldName::accept_language);
  }
  if (!ask.range.empty()) writer.field(http::FieldName::range, ask.range);
  if (!ask.if_range.empty()) writer.field(http::FieldName::if_range, ask.if_range);
  if (!ask.validates.empty()) caching::write_conditions(writer, ask.validates);
  http::write_via(writer, request.version_minor, x.snapshot.config.http.via);
  http::Forwarding forwarding{x.peer, "http", x.authority, x.trusted_peer};
  http::write_forwarding(writer, request.fields, forwarding);
  write_framing(writer, request.framing);
  writer.finish();
  return writer.ok() ? writer.text() : std::string_view();
}

io::Task<void> relay_interim(Exchange& x, const http::ResponseHead& head) {
  io::Chunk room = response_fields_room(x.loop(), head);
  if (!room) co_return;
  http::HeadWriter writer({room.chars(), room.size()});
  write_end_to_end(writer, head);
  if (!writer.ok()) co_return;
  // A client that is gone shows at the final response; an interim one is only a courtesy.
  [[maybe_unused]] int sent = co_await x.client.send_interim(head.status, writer.text());
}

}  // namespace ringwall::proxy
