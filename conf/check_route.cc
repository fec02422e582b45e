// Rules of routes: hosts and paths that can match, fields that may be sent, no two alike.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "conf/check.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

struct Complaint {
  std::string message;
  std::string expected;
  std::string hint;
};

bool is_letter(char c) {
  return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z';
}

bool is_host_label(std::string_view label) {
  constexpr size_t label_bytes_max = 63;
  if (label.empty() || label.size() > label_bytes_max) return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return is_letter(c) || base::is_digit(c) || c == '-' || c == '_';
  });
}

std::optional<Complaint> complain_of_host(std::string_view host) {
  constexpr size_t host_bytes_max = 253;
  std::string_view name = host;
  if (name.starts_with("*.")) name.remove_prefix(2);
  std::string expected = "a host name in ASCII, \"*.\" before it for all names below it";
  if (name.starts_with('[')) {
    if (base::Address::parse(std::string(name) + ":0")) return std::nullopt;
    return Complaint{"not an IPv6 address in brackets", expected, ""};
  }
  if (size_t colon = name.find(':'); colon != std::string_view::npos) {
    return Complaint{"a port in the host; listeners choose the port", expected,
                     std::string(host.substr(0, host.find(':')))};
  }
  if (host == "*") return Complaint{"\"*\"; any host is meant by leaving host out", expected, ""};
  std::vector<std::string_view> labels = base::split(name, '.');
  bool good =
      name.size() <= host_bytes_max && std::all_of(labels.begin(), labels.end(), is_host_label);
  if (good) return std::nullopt;
  return Complaint{fmt::format("\"{}\" is no host name", base::escaped(host)), expected, ""};
}

int hex_value(char c) {
  if (base::is_digit(c)) return c - '0';
  char lower = base::ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Requests are routed by their normalised path, so a path in another form would never match.
std::optional<Complaint> complain_of_path(std::string_view path) {
  std::string expected = "a path as it looks after normalising, beginning with \"/\"";
  if (!path.starts_with('/')) {
    return Complaint{fmt::format("\"{}\" does not begin with a slash", base::escaped(path)),
                     expected, "/" + std::string(path)};
  }
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '*')
      return Complaint{"a \"*\" in the path; a path is a prefix by itself", expected, ""};
    if (c == '?' || c == '#') return Complaint{"a query or fragment in the path", expected, ""};
    if (c <= ' ' || c >= 0x7f) {
      return Complaint{"a character in the path that is not visible ASCII",
                       "such characters in percent-encoding", ""};
    }
    if (c != '%') continue;
    int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
    int low = high >= 0 ? hex_value(path[i + 2]) : -1;
    auto byte = static_cast<char>(high * 16 + low);
    if (low < 0 || byte == 0) return Complaint{"a bad percent-encoding", expected, ""};
    std::string code(path.substr(i, 3));
    bool unreserved = is_letter(byte) || base::is_digit(byte) ||
                      std::string_view("-._~").find(byte) != std::string_view::npos;
    if (unreserved) {
      return Complaint{code + " in the path, which needs no encoding", expected,
                       std::string(1, byte)};
    }
    if (code != fmt::format("%{:02X}", static_cast<unsigned char>(byte))) {
      return Complaint{code + " in the path", "upper case digits",
                       fmt::format("%{:02X}", static_cast<unsigned char>(byte))};
    }
  }
  for (std::string_view segment : base::split(path, '/')) {
    if (segment == "." || segment == "..") {
      return Complaint{"a segment \".\" or \"..\" in the path", expected, ""};
    }
  }
  return std::nullopt;
}

std::optional<Complaint> complain_of_field(const std::string& name, std::string_view value) {
  constexpr std::string_view own[] = {
      "connection", "content-length",    "date",   "keep-alive", "te",
      "trailer",    "transfer-encoding", "upgrade"};
  if (!is_token(name)) return Complaint{"not a field name", "a token of RFC 9110", ""};
  if (std::find(std::begin(own), std::end(own), base::to_lower(name)) != std::end(own)) {
    return Complaint{"a field that ringwall sets itself", "other fields", ""};
  }
  // RFC 9110 section 5.5; a CR or LF in a value would split the response.
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      return Complaint{"a control character in the value", "no CR, LF, NUL or the like", ""};
    }
  }
  if (base::trim_ows(value) != value) {
    return Complaint{"space around the value", "none", std::string(base::trim_ows(value))};
  }
  return std::nullopt;
}

void check_answer(const Route& route, const Node& table, Problems& errors) {
  const Entry* respond = table.find("respond");
  if (respond == nullptr || respond->value.kind != Node::Kind::table) return;
  const FixedAnswer& answer = route.answer;
  const Entry* fields = respond->value.find("fields");
  for (const auto& [name, value] : answer.fields) {
    auto complaint = complain_of_field(name, value);
    if (!complaint) continue;
    const Entry* entry = fields->value.find(name);
    errors.push_back({entry->where, "route.respond.fields." + base::escaped(name),
                      complaint->message, complaint->expected, complaint->hint, ""});
  }
  bool no_content = answer.status == 204 || answer.status == 304;  // RFC 9110 section 6.4.1
  if (no_content && !answer.body.empty()) {
    errors.push_back({place_of(respond->value, "body"), "route.respond.body",
                      fmt::format("content in an answer with status {}", answer.status), "none", "",
                      ""});
  }
}

bool share_listener(const Route& a, const Route& b) {
  if (a.listeners.empty() || b.listeners.empty()) return a.listeners.empty() == b.listeners.empty();
  return std::any_of(a.listeners.begin(), a.listeners.end(), [&](uint32_t l) {
    return std::find(b.listeners.begin(), b.listeners.end(), l) != b.listeners.end();
  });
}

/// Two routes for the same requests. Sorted first: a config may have thousands of routes.
void check_equal_routes(const Assembly& assembly, Problems& errors) {
  const std::vector<Route>& routes = assembly.config.routes;
  std::vector<uint32_t> order(routes.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  auto place = [&](uint32_t i) {
    return std::tie(routes[i].host, routes[i].path, routes[i].path_exact);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  for (size_t i = 1; i < order.size(); ++i) {
    for (size_t j = i; j > 0 && place(order[j - 1]) == place(order[i]); --j) {
      const Route& first = routes[order[j - 1]];
      const Route& second = routes[order[i]];
      if (!share_listener(first, second)) continue;
      Where where = assembly.routes[order[j - 1]]->where;
      errors.push_back({assembly.routes[order[i]]->where, "route",
                        fmt::format("same host, path and listeners as the route at {}:{}",
                                    where.file, where.line),
                        "", "", "remove one, or tell them apart by host, path or listeners"});
      break;
    }
  }
}

void warn_of_cache(const Config& config, const Route& route, const Node& table,
                   Problems& warnings) {
  if (table.find("cache") == nullptr || !route.cache.enabled) return;
  if (route.action != Route::Action::proxy) {
    warnings.push_back({place_of(table, "cache"), "route.cache",
                        "no effect: only what an upstream answers is cached", "", "", ""});
  } else if (config.cache.size == 0) {
    warnings.push_back(
        {place_of(table, "cache"), "route.cache", "no effect: cache.size is 0", "", "", ""});
  }
}

void warn_of_idle_listeners(const Assembly& assembly, Problems& warnings) {
  const Config& config = assembly.config;
  for (uint32_t i = 0; i < config.listeners.size(); ++i) {
    bool used = std::any_of(config.routes.begin(), config.routes.end(), [&](const Route& route) {
      return route.listeners.empty() ||
             std::find(route.listeners.begin(), route.listeners.end(), i) != route.listeners.end();
    });
    if (used) continue;
    warnings.push_back({assembly.listeners[i]->where, "listener",
                        "no route is for it: it answers everything with 404", "", "", ""});
  }
}

}  // namespace

void check_routes(const Assembly& assembly, Problems& errors, Problems& warnings) {
  const Config& config = assembly.config;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const Route& route = config.routes[i];
    const Node& table = *assembly.routes[i];
    auto report = [&](std::string_view key, const std::optional<Complaint>& complaint) {
      if (!complaint) return;
      errors.push_back({place_of(table, key), "route." + std::string(key), complaint->message,
                        complaint->expected, complaint->hint, ""});
    };
    if (!route.host.empty()) report("host", complain_of_host(route.host));
    report("path", complain_of_path(route.path));
    check_answer(route, table, errors);
    check_route_cache(route.cache, table, errors);
    warn_of_cache(config, route, table, warnings);
  }
  check_equal_routes(assembly, errors);
  warn_of_idle_listeners(assembly, warnings);
}

}  // namespace ringwall::conf
