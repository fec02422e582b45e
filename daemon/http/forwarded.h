// Who the request came from: X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239), written for
// the next hop and read from a trusted peer. What an untrusted peer sends in these fields is
// replaced, never passed on. Pure but for inet_pton; no allocation.
#pragma once

#include <string_view>

#include "daemon/base/address.h"
#include "daemon/http/fields.h"
#include "daemon/http/head_writer.h"

namespace ringwall::http {

/// The fields that write_forwarding writes or drops: never copied from the request beside it.
constexpr FieldMask forwarding_fields = {FieldName::forwarded,         FieldName::x_forwarded_for,
                                         FieldName::x_forwarded_proto, FieldName::x_forwarded_host,
                                         FieldName::x_forwarded_port,  FieldName::x_real_ip};

struct Forwarding {
  const base::Address& peer;  // who connected to us
  std::string_view proto;     // "http" or "https", how it came to us
  std::string_view host;      // Host as received, with its port; empty: unknown
  /// The peer is trusted: its fields are kept, its own address is appended to the lists.
  bool keep = false;
};

/// Writes X-Forwarded-For, -Proto, -Host and, where the request has one that is kept, Forwarded.
/// Kept: For is appended to, Proto, Host and Port stay where the peer gave one; X-Real-IP stays.
void write_forwarding(HeadWriter& out, const FieldSection& fields, const Forwarding& forwarding);

/// Writes only the Forwarded field: the kept elements, then for=, host= and proto= of this hop.
void write_forwarded(HeadWriter& out, const FieldSection& fields, const Forwarding& forwarding);

/// The address nearest to us that is not trusted: `peer` itself when it is not, else the last such
/// entry of the list that trusted proxies appended to. An entry that is no address ("unknown", an
/// obfuscated name) ends the search at the trusted hop that reported it; ports are ignored (0).
/// `source` is x_forwarded_for or forwarded; a deployment must use the one that its proxies
/// write, since clients can forge the other.
base::Address client_address(const FieldSection& fields, const base::Address& peer,
                             const base::PrefixSet& trusted,
                             FieldName source = FieldName::x_forwarded_for);

/// An entry of X-Forwarded-For or a node of Forwarded: "192.0.2.1", "192.0.2.1:80", "2001:db8::1",
/// "[2001:db8::1]", "[2001:db8::1]:80". Empty when it is none of them.
base::Address parse_node(std::string_view text);

}  // namespace ringwall::http
