#include "daemon/http/forwarded.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>

#include "daemon/base/text.h"
#include "daemon/http/grammar.h"

namespace ringwall::http {
namespace {

/// The peer's IP as text, empty for Unix sockets.
class PeerText {
 public:
  explicit PeerText(const base::Address& peer) {
    if (peer.family() == AF_INET || peer.family() == AF_INET6) length_ = peer.write_ip(text_);
  }
  std::string_view text() const { return {text_, length_}; }
  bool is_v6() const { return text().find(':') != std::string_view::npos; }

 private:
  char text_[48];
  size_t length_ = 0;
};

/// All values of a field as one list, and whether there were any.
bool put_values(HeadWriter& out, const FieldSection& fields, FieldName name) {
  bool any = false;
  for (std::string_view value : fields.values(name)) {
    if (value.empty()) continue;
    if (any) out.value(", ");
    out.value(value);
    any = true;
  }
  return any;
}

void write_kept_or(HeadWriter& out, const FieldSection& fields, FieldName name, bool keep,
                   std::string_view ours) {
  bool kept = keep && fields.has(name);
  if (!kept && ours.empty()) return;
  out.begin_field(name);
  if (kept) {
    put_values(out, fields, name);
  } else {
    out.value(ours);
  }
  out.end_field();
}

void put_token_or_quoted(HeadWriter& out, std::string_view text) {
  if (is_token(text)) return out.value(text);
  out.value("\"");
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"' || text[at] == '\\') out.value("\\");
    out.value(text.substr(at, 1));
  }
  out.value("\"");
}

bool make_address(int family, std::string_view ip, base::Address& out) {
  char text[INET6_ADDRSTRLEN] = {};
  if (ip.empty() || ip.size() >= sizeof(text)) return false;
  std::memcpy(text, ip.data(), ip.size());
  if (std::strlen(text) != ip.size()) return false;
  if (family == AF_INET) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &v4.sin_addr) != 1) return false;
    out = base::Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
    return true;
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return false;
  out = base::Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  return true;
}

bool is_port(std::string_view text) {
  auto number = parse_digits(text);
  return number && *number <= 65535 && text.size() <= 5;
}

/// The entries from the far end to the nearest; what remains is the answer of client_address.
class Walk {
 public:
  explicit Walk(const base::PrefixSet& trusted) : trusted_(trusted) {}

  void entry(const base::Address& address) {
    if (address.empty()) {
      found_ = false;
      return;
    }
    if (found_ && trusted_.contains(address)) return;
    answer_ = address;
    found_ = true;
  }
  const base::Address& answer_or(const base::Address& peer) const {
    return found_ ? answer_ : peer;
  }

 private:
  const base::PrefixSet& trusted_;
  base::Address answer_;
  bool found_ = false;
};

/// The node of a Forwarded element's "for" parameter.
base::Address node_of(std::string_view element) {
  ListElements parameters(element, ';');
  while (auto text = parameters.next()) {
    Parameter parameter = parse_parameter(*text, true);
    if (!base::equal_ignoring_case(parameter.name, "for")) continue;
    char room[64];
    auto node = unquote(parameter.value, room);
    return parameter.valid && node ? parse_node(*node) : base::Address();
  }
  return {};
}

}  // namespace

void write_forwarding(HeadWriter& out, const FieldSection& fields, const Forwarding& forwarding) {
  PeerText peer(forwarding.peer);
  bool kept = forwarding.keep && fields.has(FieldName::x_forwarded_for);
  if (kept || !peer.text().empty()) {
    out.begin_field(FieldName::x_forwarded_for);
    bool any = kept && put_values(out, fields, FieldName::x_forwarded_for);
    if (any && !peer.text().empty()) out.value(", ");
    out.value(peer.text());
    out.end_field();
  }
  bool keep = forwarding.keep;
  write_kept_or(out, fields, FieldName::x_forwarded_proto, keep, forwarding.proto);
  write_kept_or(out, fields, FieldName::x_forwarded_host, keep, forwarding.host);
  write_kept_or(out, fields, FieldName::x_forwarded_port, keep, {});
  write_kept_or(out, fields, FieldName::x_real_ip, keep, {});
  if (keep && fields.has(FieldName::forwarded)) write_forwarded(out, fields, forwarding);
}

void write_forwarded(HeadWriter& out, const FieldSection& fields, const Forwarding& forwarding) {
  PeerText peer(forwarding.peer);
  out.begin_field(FieldName::forwarded);
  if (forwarding.keep && put_values(out, fields, FieldName::forwarded)) out.value(", ");
  if (peer.text().empty()) {
    out.value("for=unknown");
  } else {
    // RFC 7239 section 6: IPv6 in brackets, which are no token characters, so quoted.
    out.value(peer.is_v6() ? "for=\"[" : "for=");
    out.value(peer.text());
    if (peer.is_v6()) out.value("]\"");
  }
  if (!forwarding.host.empty()) {
    out.value(";host=");
    put_token_or_quoted(out, forwarding.host);
  }
  if (!forwarding.proto.empty()) {
    out.value(";proto=");
    put_token_or_quoted(out, forwarding.proto);
  }
  out.end_field();
}

base::Address client_address(const FieldSection& fields, const base::Address& peer,
                             const base::PrefixSet& trusted, FieldName source) {
  if (!fields.has(source) || !trusted.contains(peer)) return peer;
  Walk walk(trusted);
  for (std::string_view value : fields.values(source)) {
    if (source == FieldName::forwarded) {
      ListElements elements(value);
      while (auto element = elements.next()) walk.entry(node_of(*element));
      continue;
    }
    // X-Forwarded-For has no grammar and so no quotes: every comma separates.
    while (!value.empty()) {
      size_t comma = value.find(',');
      std::string_view node = base::trim_ows(value.substr(0, comma));
      value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
      if (!node.empty()) walk.entry(parse_node(node));
    }
  }
  return walk.answer_or(peer);
}

base::Address parse_node(std::string_view text) {
  base::Address address;
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
    return make_address(AF_INET6, text.substr(1, close - 1), address) ? address : base::Address();
  }
  size_t colon = text.find(':');
  if (colon != text.rfind(':')) {
    return make_address(AF_INET6, text, address) ? address : base::Address();
  }
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return {};
  return make_address(AF_INET, text.substr(0, colon), address) ? address : base::Address();
}

}  // namespace ringwall::http
