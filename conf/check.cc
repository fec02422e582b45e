#include "conf/check.h"

#include <fmt/format.h>

#include <unordered_map>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"

namespace ringwall::conf {
namespace {

constexpr size_t name_bytes_max = 128;

/// Names stand in log lines and in labels of the metrics, where these characters need no escape.
bool is_name(std::string_view name) {
  if (name.empty() || name.size() > name_bytes_max) return false;
  for (char c : name) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\') return false;
  }
  return true;
}

/// Checks the names of one kind of thing: their characters, and that each is given once.
template <class Named>
void check_names(const std::vector<Named>& list, const std::vector<const Node*>& tables,
                 std::string_view kind, Problems& errors) {
  std::string label = fmt::format("{}.name", kind);
  std::unordered_map<std::string, size_t> taken;
  for (size_t i = 0; i < list.size(); ++i) {
    Where where = place_of(*tables[i], "name");
    const std::string& name = list[i].name;
    if (name.empty() && tables[i]->find("name") == nullptr && kind != "upstream") continue;
    bool given = kind == "upstream" || tables[i]->find("name") != nullptr;
    if (given && !is_name(name)) {
      errors.push_back({where, label, fmt::format("the name \"{}\"", base::escaped(name)),
                        "1 to 128 visible ASCII characters without quotes and backslashes", "",
                        ""});
    }
    auto [first, is_new] = taken.emplace(name, i);
    if (is_new) continue;
    Where there = place_of(*tables[first->second], "name");
    errors.push_back({where, label, fmt::format("the name \"{}\" is taken", base::escaped(name)),
                      "", "", fmt::format("it was given at {}:{}", there.file, there.line)});
  }
}

bool is_any_host(const base::Address& address) {
  std::string ip = address.ip();
  return ip == "0.0.0.0" || ip == "::";
}

/// Whether the kernel would refuse the second of two listeners with these addresses.
bool collide(const Listener& a, const Listener& b) {
  if (a.address.empty() || b.address.empty()) return false;
  if (a.address == b.address) return a.address.family() == AF_UNIX || a.address.port() != 0;
  if (a.address.family() == AF_UNIX || b.address.family() == AF_UNIX) return false;
  if (a.address.port() != b.address.port() || a.address.port() == 0) return false;
  if (a.address.family() == b.address.family()) {
    return is_any_host(a.address) || is_any_host(b.address);
  }
  const Listener& v6 = a.address.family() == AF_INET6 ? a : b;
  return !v6.ipv6_only && is_any_host(v6.address);
}

void check_listeners(const Assembly& assembly, Problems& errors, Problems& warnings) {
  const std::vector<Listener>& listeners = assembly.config.listeners;
  if (listeners.empty() && assembly.listeners.empty()) {
    errors.push_back({assembly.tree->where, "listener", "the config has no listener",
                      "at least one [[listener]] with an address", "", ""});
  }
  if (listeners.size() > base::listeners_max) {
    errors.push_back({assembly.listeners[base::listeners_max]->where, "listener",
                      fmt::format("{} listeners", listeners.size()),
                      fmt::format("at most {}", base::listeners_max), "", ""});
  }
  check_names(listeners, assembly.listeners, "listener", errors);
  for (size_t i = 0; i < listeners.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!collide(listeners[j], listeners[i])) continue;
      Where first = place_of(*assembly.listeners[j], "address");
      errors.push_back({place_of(*assembly.listeners[i], "address"), "listener.address",
                        fmt::format("{} collides with {} of {}:{}", listeners[i].address.text(),
                                    listeners[j].address.text(), first.file, first.line),
                        "addresses that do not overlap", "", ""});
      break;
    }
    const Entry* trusted = assembly.listeners[i]->find("trusted");
    if (trusted == nullptr) continue;
    for (const Node& item : trusted->value.items) {
      if (!item.text.ends_with("/0")) continue;
      warnings.push_back({item.where, "listener.trusted",
                          fmt::format("{} trusts every client", item.text), "", "",
                          "any client can forge its address in Forwarded and X-Forwarded-For"});
    }
  }
}

void check_backends(const Assembly& assembly, Problems& errors) {
  for (size_t u = 0; u < assembly.config.upstreams.size(); ++u) {
    const std::vector<Backend>& backends = assembly.config.upstreams[u].backends;
    for (size_t i = 0; i < backends.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (backends[i].name != backends[j].name) continue;
        errors.push_back({assembly.backends[u][i],
                          fmt::format("upstream.{}.backends", assembly.config.upstreams[u].name),
                          fmt::format("\"{}\" is in the list twice", backends[i].name), "", "",
                          "give it a weight instead"});
        break;
      }
    }
  }
  if (assembly.config.backend_count <= base::backends_max) return;
  errors.push_back({assembly.tree->where, "upstream",
                    fmt::format("{} backends in all", assembly.config.backend_count),
                    fmt::format("at most {}", base::backends_max), "", ""});
}

void check_upstreams(const Assembly& assembly, Problems& errors, Problems& warnings) {
  const Config& config = assembly.config;
  check_names(config.upstreams, assembly.upstreams, "upstream", errors);
  check_backends(assembly, errors);
  for (uint32_t i = 0; i < config.upstreams.size(); ++i) {
    bool used = false;
    for (const Route& route : config.routes) {
      used = used || (route.action == Route::Action::proxy && route.upstream == i);
    }
    if (used) continue;
    warnings.push_back({assembly.upstreams[i]->where, "upstream." + config.upstreams[i].name,
                        "no route leads to it", "", "", ""});
  }
}

/// The table of a section that stands alone, or the whole file.
const Node& single(const Assembly& assembly, std::string_view name) {
  const Entry* entry = assembly.tree->find(name);
  return entry != nullptr ? entry->value : *assembly.tree;
}

void check_singles(const Assembly& assembly, Problems& errors, Problems& warnings) {
  const Config& config = assembly.config;
  const Node& http = single(assembly, "http");
  if (!is_token(config.http.via)) {
    errors.push_back({place_of(http, "via"), "http.via",
                      fmt::format("the string \"{}\"", base::escaped(config.http.via)),
                      "letters, digits and -_.~ (a token of RFC 9110)", "", ""});
  }
  if (config.http.target_size_max > config.http.head_size_max) {
    errors.push_back({place_of(http, "target_size_max"), "http.target_size_max",
                      "larger than http.head_size_max", "at most head_size_max", "", ""});
  }
  const Node& cache = single(assembly, "cache");
  check_cache(config.cache, cache, warnings);
  if (config.cache.size != 0 && config.cache.object_size_max > config.cache.size) {
    errors.push_back({place_of(cache, "object_size_max"), "cache.object_size_max",
                      "larger than cache.size", "at most cache.size", "", ""});
  }
  if (config.cache.size_max != 0 && config.cache.size_max < config.cache.size) {
    errors.push_back({place_of(cache, "size_max"), "cache.size_max", "smaller than cache.size",
                      "at least cache.size", "", ""});
  }
  if (config.control.socket.empty()) {
    errors.push_back({place_of(single(assembly, "control"), "socket"), "control.socket",
                      "an empty path", "the path of a Unix socket", "", ""});
  }
  constexpr size_t socket_path_max = 107;  // sockaddr_un::sun_path less its NUL
  if (config.control.socket.size() > socket_path_max) {
    errors.push_back({place_of(single(assembly, "control"), "socket"), "control.socket",
                      fmt::format("a path of {} bytes", config.control.socket.size()),
                      "at most 107 bytes, the kernel's limit for Unix sockets", "", ""});
  }
}

}  // namespace

Where place_of(const Node& table, std::string_view key) {
  const Entry* entry = table.find(key);
  return entry != nullptr ? entry->value.where : table.where;
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  for (char c : text) {
    bool letter = base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z';
    if (!letter && !base::is_digit(c) && marks.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

void check(const Assembly& assembly, Problems& errors, Problems& warnings) {
  check_singles(assembly, errors, warnings);
  check_listeners(assembly, errors, warnings);
  check_upstreams(assembly, errors, warnings);
  check_names(assembly.config.routes, assembly.routes, "route", errors);
  check_routes(assembly, errors, warnings);
}

}  // namespace ringwall::conf
