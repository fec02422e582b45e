// Which fields of a received message end here (RFC 9110 section 7.6.1): the connection-specific
// ones by definition, and those that the message's Connection field names.
//
// Connection must not let a sender take away what the next hop decides by. So a name that FieldName
// knows goes by its definition alone: "Connection: Cookie, X-Forwarded-For, Host" removes none of
// them, the option is ignored. Only names that mean nothing to ringwall (`other`) are removed by
// being listed. Pure, no allocation.
#pragma once

#include "daemon/http/fields.h"

namespace ringwall::http {

/// Never forwarded: Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade,
/// HTTP2-Settings and the Proxy-Auth* fields (RFC 9110 section 11.7: for this hop). Trailer is
/// forwarded, as trailers are.
constexpr FieldMask hop_by_hop_fields = {
    FieldName::connection,          FieldName::keep_alive,
    FieldName::proxy_connection,    FieldName::te,
    FieldName::transfer_encoding,   FieldName::upgrade,
    FieldName::http2_settings,      FieldName::proxy_authenticate,
    FieldName::proxy_authorization, FieldName::proxy_authentication_info};

class ConnectionOptions {
 public:
  /// `fields` outlives it.
  explicit ConnectionOptions(const FieldSection& fields);

  bool close() const { return close_; }
  bool keep_alive() const { return keep_alive_; }
  /// Connection names "upgrade" and there is an Upgrade field.
  bool upgrade() const { return upgrade_; }
  /// TE has "trailers": the sender takes trailer fields (RFC 9110 section 10.1.4).
  bool takes_trailers() const { return takes_trailers_; }

  /// The field is for this connection only and must not be forwarded.
  bool drops(const Field& field) const {
    if (hop_by_hop_fields.has(field.name)) return true;
    return names_others_ && field.name == FieldName::other && names(fields_.name(field));
  }

 private:
  bool names(std::string_view name) const;

  const FieldSection& fields_;
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_ = false;
  bool takes_trailers_ = false;
  bool names_others_ = false;
};

/// RFC 9112 section 9.3, from version and Connection.
bool persists(const ConnectionOptions& options, unsigned version_minor);

}  // namespace ringwall::http
